import NIOCore
import Testing

@testable import GRPC

/// The client's machines without I/O, and its numbers.
@Suite struct ClientStateTests {
  private let start = NIODeadline.uptimeNanoseconds(0)

  private func at(_ seconds: Int64) -> NIODeadline { self.start + .seconds(seconds) }

  // MARK: - Backoff

  @Test func `waits grow from 1 s by 1_6 to 120 s, and start over after a success`() {
    var backoff = ConnectionBackoff(.init())
    var waits: [Double] = []
    for _ in 0..<13 {
      let wait = backoff.failed(startedAt: self.start, chance: 0) - self.start
      waits.append(Double(wait.nanoseconds) / 1e9)
    }
    for (wait, expected) in zip(waits, [1, 1.6, 2.56, 4.096, 6.5536]) {
      #expect(abs(wait - expected) < 1e-6)
    }
    #expect(waits[10] < 120 && waits[11] == 120 && waits[12] == 120)
    backoff.succeeded()
    #expect(backoff.failed(startedAt: self.start, chance: 0) == self.at(1))
  }

  @Test func `jitter is a fifth either way`() {
    var backoff = ConnectionBackoff(.init())
    #expect(backoff.failed(startedAt: self.start, chance: -1) == self.start + .milliseconds(800))
    #expect(backoff.failed(startedAt: self.start, chance: 1) == self.start + .milliseconds(1_920))
  }

  // MARK: - Channel

  @Test func `one attempt serves all calls, and a failed one fails them until the next is due`() {
    var state = ChannelStateMachine(.init())
    let reason = Status(.unavailable, "cannot connect")
    #expect(state.call(self.at(0)) == .connect)
    #expect(state.call(self.at(0)) == .wait)
    state.failed(reason, chance: 0)
    #expect(state.call(self.start + .milliseconds(999)) == .fail(reason))
    #expect(state.call(self.at(1)) == .connect)
    #expect(state.connected() == true)
    #expect(state.call(self.at(1)) == .use)
    state.lost()
    #expect(state.call(self.at(1)) == .connect)
  }

  @Test func `a channel that is shut down stays so`() {
    var state = ChannelStateMachine(.init())
    #expect(state.call(self.at(0)) == .connect)
    state.shutDown()
    #expect(state.connected() == false)
    state.failed(Status(.unavailable), chance: 0)
    state.lost()
    #expect(state.call(self.at(9)) == .fail(ChannelStateMachine.shutDownStatus))
  }

  // MARK: - Keepalive

  @Test func `a silent server is pinged after the interval and given up after the timeout`() {
    var keepalive = Keepalive(interval: .seconds(10), timeout: .seconds(5))
    keepalive.started(self.at(100))
    #expect(keepalive.check(self.at(100), hasCalls: true) == .wait(self.at(110)))
    keepalive.heard(self.at(104))
    #expect(keepalive.check(self.at(110), hasCalls: true) == .wait(self.at(114)))
    #expect(keepalive.check(self.at(114), hasCalls: true) == .ping(self.at(119)))
    #expect(keepalive.check(self.at(118), hasCalls: true) == .wait(self.at(119)))
    #expect(keepalive.check(self.at(119), hasCalls: true) == .giveUp)
    keepalive.heard(self.at(119))
    #expect(keepalive.check(self.at(200), hasCalls: false) == .rest)
  }

  @Test func `an interval is doubled up to two hours, and a longer one left as it is`() {
    func next(_ interval: TimeAmount) -> TimeAmount {
      Keepalive.interval(afterTooManyPings: interval)
    }
    #expect(next(.milliseconds(10)) == .milliseconds(20))
    #expect(next(.minutes(50)) == .minutes(100))
    #expect(next(.minutes(61)) == .hours(2))
    #expect(next(.hours(2)) == .hours(2))
    #expect(next(.nanoseconds(.max)) == .nanoseconds(.max))
  }

  // MARK: - Timeouts

  @Test func `timeouts are rounded up to two digits, never down`() {
    for (exact, coarse) in [
      (-1, 1), (0, 1), (1, 1), (99, 99), (100, 100), (101, 110), (990, 990), (991, 1_000),
      (1_000_000_001, 1_100_000_000), (.max, .max),
    ] as [(Int64, Int64)] {
      #expect(Timeout.coarse(.nanoseconds(exact)) == .nanoseconds(coarse), "\(exact)")
    }
    #expect(Timeout.format(Timeout.coarse(.milliseconds(1_234))) == "1300000u")
  }
}
