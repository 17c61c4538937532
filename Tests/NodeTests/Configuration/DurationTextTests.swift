import Node
import Testing

@Suite struct DurationTextTests {
  @Test(
    arguments: [
      ("0", 0), ("0ms", 0), ("0s", 0), ("0d", 0), ("250ms", 250), ("30s", 30_000),
      ("5m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000),
      ("9223372036854775807ms", Int64.max),
      ("106751991167d", 106_751_991_167 * 86_400_000),
    ] as [(String, Int64)])
  func `a duration is read with its unit`(text: String, milliseconds: Int64) throws {
    #expect(try DurationText.milliseconds(parsing: text) == milliseconds)
  }

  @Test(arguments: ["", "s", "-1s", " 1s", "P1D"])
  func `a text that does not begin with a digit is malformed`(text: String) {
    #expect(throws: UnitTextError.malformed) { try DurationText.milliseconds(parsing: text) }
  }

  @Test(arguments: ["30", "0w", "0 s", "1w", "1S", "1 s", "1.5s", "1h30m", "10us", "1sec"])
  func `a duration without one of the five units is refused`(text: String) {
    #expect(throws: UnitTextError.unknownUnit) { try DurationText.milliseconds(parsing: text) }
  }

  @Test(arguments: ["9223372036854775808ms", "106751991168d", "99999999999999999999s"])
  func `a duration one past the largest integer overflows`(text: String) {
    #expect(throws: UnitTextError.overflow) { try DurationText.milliseconds(parsing: text) }
  }

  @Test(
    arguments: [
      (0, "0ms"), (1, "1ms"), (999, "999ms"), (1_000, "1s"), (1_001, "1001ms"), (90_000, "90s"),
      (60_000, "1m"), (3_600_000, "1h"), (86_400_000, "1d"), (315_360_000_000, "3650d"),
      (Int64.max, "9223372036854775807ms"),
    ] as [(Int64, String)])
  func `a duration is printed in the largest unit that divides it and reads back`(
    milliseconds: Int64, text: String
  ) throws {
    #expect(DurationText.text(milliseconds: milliseconds) == text)
    #expect(try DurationText.milliseconds(parsing: text) == milliseconds)
  }
}
