import Testing

@testable import HTTP2

/// Strikes that expectations may add to: they cannot call what is mutating.
private final class Pings {
  private var strikes: PingStrikes

  init(intervalMin: UInt64, strikesMax: Int) {
    self.strikes = PingStrikes(intervalMin: intervalMin, strikesMax: strikesMax)
  }

  func received(now: UInt64, framesSent: Int) -> Bool {
    self.strikes.received(now: now, framesSent: framesSent)
  }
}

@Suite struct PingStrikesTests {
  @Test func `PINGs at the interval never strike`() {
    let pings = Pings(intervalMin: 5 * second, strikesMax: 0)
    #expect((1...100).allSatisfy { pings.received(now: UInt64($0) * 5 * second, framesSent: 0) })
  }

  @Test func `PINGs a nanosecond sooner strike, and the third strike is one too many`() {
    let pings = Pings(intervalMin: 5 * second, strikesMax: 2)
    var now = second
    let outcomes = (0..<4).map { _ in
      now += 5 * second - 1
      return pings.received(now: now, framesSent: 0)
    }
    #expect(outcomes == [true, true, true, false])
  }

  @Test func `an answer between two PINGs takes the strikes back`() {
    let pings = Pings(intervalMin: 5 * second, strikesMax: 1)
    for frame in 1...1_000 {
      #expect(pings.received(now: second, framesSent: frame))
      #expect(pings.received(now: second, framesSent: frame))
    }
    #expect(!pings.received(now: second, framesSent: 1_000))
  }

  @Test func `an interval of 0 takes all`() {
    let pings = Pings(intervalMin: 0, strikesMax: 0)
    #expect((0..<1_000).allSatisfy { _ in pings.received(now: 0, framesSent: 0) })
  }
}
