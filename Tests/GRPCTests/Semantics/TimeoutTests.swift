import NIOCore
import Testing

@testable import GRPC

private func parse(_ text: String) -> TimeAmount? { Timeout.parse(Array(text.utf8).span.bytes) }

@Suite struct TimeoutTests {
  @Test func `each unit is read`() {
    #expect(parse("3H") == .hours(3))
    #expect(parse("3M") == .minutes(3))
    #expect(parse("3S") == .seconds(3))
    #expect(parse("3m") == .milliseconds(3))
    #expect(parse("3u") == .microseconds(3))
    #expect(parse("3n") == .nanoseconds(3))
  }

  @Test func `eight digits are read, and nine are refused`() {
    #expect(parse("99999999m") == .milliseconds(99_999_999))
    #expect(parse("00000001S") == .seconds(1))
    #expect(parse("100000000m") == nil)
    #expect(parse("000000001S") == nil)
  }

  @Test func `zero is a timeout`() {
    #expect(parse("0n") == .nanoseconds(0))
    #expect(parse("00000000H") == .nanoseconds(0))
  }

  @Test func `hours beyond what nanoseconds can count are 146 years, not an overflow`() {
    let longest = TimeAmount.nanoseconds(Int64.max / 2)
    #expect(parse("99999999H") == longest)
    // 2,562,048 hours are the first whose nanoseconds need a 64th bit.
    #expect(parse("2562048H") == longest)
    #expect(parse("1281023H") == .hours(1_281_023))
    #expect(parse("1281024H") == longest)
  }

  @Test(arguments: [
    "", "S", "1", "12", "1s", "1h", "1N", "1 S", " 1S", "1S ", "-1S", "+1S", "1.5S", "1Sm", "0x1S",
    "\u{661}S",
  ])
  func `what is not digits and a unit is refused`(_ text: String) {
    #expect(parse(text) == nil)
  }

  @Test func `a timeout is written in the smallest unit that eight digits hold`() {
    #expect(Timeout.format(.nanoseconds(0)) == "0n")
    #expect(Timeout.format(.nanoseconds(99_999_999)) == "99999999n")
    #expect(Timeout.format(.milliseconds(100)) == "100000u")
    #expect(Timeout.format(.seconds(99)) == "99000000u")
    #expect(Timeout.format(.seconds(100)) == "100000m")
    #expect(Timeout.format(.hours(27)) == "97200000m")
    #expect(Timeout.format(.hours(28)) == "100800S")
  }

  @Test func `a timeout that a unit does not divide is rounded up`() {
    #expect(Timeout.format(.nanoseconds(100_000_001)) == "100001u")
    #expect(Timeout.format(.nanoseconds(100_000_000_001)) == "100001m")
    // One unit after another: a fraction of the first still counts in the last.
    #expect(Timeout.format(.seconds(99_999_999) + .nanoseconds(1)) == "1666667M")
  }

  @Test func `a deadline that has passed is written as zero, and the longest fits`() {
    #expect(Timeout.format(.nanoseconds(-5)) == "0n")
    #expect(Timeout.format(.nanoseconds(.max)) == "2562048H")
  }

  @Test func `what is written is never shorter than what was meant`() throws {
    for exponent in 0..<62 {
      for offset: Int64 in [-1, 0, 1] {
        let timeout = TimeAmount.nanoseconds((1 << exponent) + offset)
        let read = try #require(parse(Timeout.format(timeout)))
        #expect(read >= timeout, "\(timeout.nanoseconds) ns")
      }
    }
  }
}
