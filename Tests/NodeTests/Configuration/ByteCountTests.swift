import Node
import Testing

@Suite struct ByteCountTests {
  @Test(arguments: [
    ("0", 0), ("4096", 4_096), ("007", 7), ("64KiB", 65_536), ("512MiB", 536_870_912),
    ("1GiB", 1_073_741_824), ("2TiB", 2_199_023_255_552), ("0MiB", 0),
    ("9223372036854775807", Int.max), ("8388607TiB", 8_388_607 << 40),
  ])
  func `a size is read in bytes or with a binary unit`(text: String, bytes: Int) throws {
    #expect(try ByteCount(parsing: text).bytes == bytes)
  }

  @Test(arguments: ["", "KiB", "-1", "+1", " 1", "x1", "\u{0661}KiB"])
  func `a text that does not begin with a digit is malformed`(text: String) {
    #expect(throws: UnitTextError.malformed) { try ByteCount(parsing: text) }
  }

  @Test(arguments: [
    "1KB", "1kib", "1K", "1B", "1 KiB", "1KiB ", "1.5GiB", "1_000", "1e3", "12XB", "1KiBKiB",
    "0x10",
  ])
  func `a size with anything else than a binary unit is refused`(text: String) {
    #expect(throws: UnitTextError.unknownUnit) { try ByteCount(parsing: text) }
  }

  @Test(arguments: ["9223372036854775808", "8388608TiB", "99999999999999999999999999KiB"])
  func `a size one past the largest integer overflows`(text: String) {
    #expect(throws: UnitTextError.overflow) { try ByteCount(parsing: text) }
  }

  @Test(arguments: [
    (0, "0"), (1, "1"), (1_023, "1023"), (1_024, "1KiB"), (1_025, "1025"), (1_536, "1536"),
    (1 << 20, "1MiB"), (3_584 << 10, "3584KiB"), (1 << 30, "1GiB"), (1 << 50, "1024TiB"),
    (Int.max, "9223372036854775807"),
  ])
  func `a size is printed in the largest unit that divides it and reads back`(
    bytes: Int, text: String
  ) throws {
    #expect(ByteCount(bytes: bytes).description == text)
    #expect(try ByteCount(parsing: text).bytes == bytes)
  }
}
