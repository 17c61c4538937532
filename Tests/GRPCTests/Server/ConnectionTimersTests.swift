import NIOCore
import Testing

@testable import GRPC

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

/// Timers that expectations may look at: they cannot call what is mutating.
private final class Timers {
  private var timers: ConnectionTimers
  var signs = ConnectionTimers.Signs()

  init(jitter: Double = 0, _ change: (inout ServerTimeouts) -> Void = { _ in }) {
    var timeouts = ServerTimeouts()
    change(&timeouts)
    self.timers = ConnectionTimers(timeouts, acceptedAt: start, jitter: jitter)
  }

  func look(after seconds: Int64) -> ConnectionTimers.Action {
    self.timers.look(self.signs, now: start + .seconds(seconds))
  }
}

@Suite struct ConnectionTimersTests {
  @Test func `a client has until the preface timeout to settle, and none once it has`() {
    let timers = Timers()
    timers.signs.isSettled = false
    #expect(timers.look(after: 9) == .none)
    #expect(timers.look(after: 10) == .close(.prefaceTimeout))
    timers.signs.isSettled = true
    #expect(timers.look(after: 11) == .none)
  }

  @Test func `a frame may take the header timeout, and the next one as long again`() {
    let timers = Timers()
    for unit in 0..<100 {
      timers.signs.openUnit = unit
      #expect(timers.look(after: Int64(unit) * 10) == .none)
      #expect(timers.look(after: Int64(unit) * 10 + 9) == .none)
    }
    #expect(timers.look(after: 1_000) == .close(.headerTimeout))
    timers.signs.openUnit = nil
    #expect(timers.look(after: 1_001) == .none)
  }

  @Test func `output may stand still for the write timeout`() {
    let timers = Timers()
    timers.signs.outputMark = 1
    #expect(timers.look(after: 0) == .none)
    timers.signs.outputMark = 2
    #expect(timers.look(after: 29) == .none)
    #expect(timers.look(after: 58) == .none)
    #expect(timers.look(after: 59) == .close(.writeTimeout))
  }

  @Test func `a connection without calls is drained once, and its last call starts the clock`() {
    let timers = Timers { $0.keepaliveInterval = .zero }
    #expect(timers.look(after: 0) == .none)
    timers.signs.hasCalls = true
    #expect(timers.look(after: 3_599) == .none)
    timers.signs.hasCalls = false
    #expect(timers.look(after: 3_600) == .none)
    // A call that began and ended between two looks.
    timers.signs.lastStream = 3
    #expect(timers.look(after: 7_000) == .none)
    #expect(timers.look(after: 10_599) == .none)
    #expect(timers.look(after: 10_600) == .drain(.idle))
    #expect(timers.look(after: 20_000) == .none)
  }

  @Test func `a connection of its age is drained, and closed when its grace is over`() {
    let timers = Timers {
      $0.ageMax = .seconds(100)
      $0.ageGrace = .seconds(5)
    }
    timers.signs.hasCalls = true
    #expect(timers.look(after: 99) == .none)
    #expect(timers.look(after: 100) == .drain(.age))
    #expect(timers.look(after: 104) == .none)
    #expect(timers.look(after: 105) == .close(.connectionAgeGrace))
  }

  @Test(arguments: [(-0.1, 90), (0.1, 110)])
  func `the age has its jitter`(jitter: Double, seconds: Int64) {
    let timers = Timers(jitter: jitter) { $0.ageMax = .seconds(100) }
    #expect(timers.look(after: seconds - 1) == .none)
    #expect(timers.look(after: seconds + 1) == .drain(.age))
  }

  @Test func `a silent client is sent a PING, and is gone if it does not answer`() {
    let timers = Timers { $0.idle = .zero }
    #expect(timers.look(after: 7_199) == .none)
    #expect(timers.look(after: 7_200) == .ping)
    #expect(timers.look(after: 7_219) == .none)
    timers.signs.receivedBytes = 17
    #expect(timers.look(after: 7_220) == .none)
    #expect(timers.look(after: 7_220 + 7_200) == .ping)
    #expect(timers.look(after: 7_220 + 7_220) == .close(.keepaliveTimeout))
  }

  @Test func `a client that is not read from is asked for no sign of life, and not given up`() {
    let timers = Timers { $0.idle = .zero }
    timers.signs.isHeld = true
    #expect(timers.look(after: 7_200) == .none)
    #expect(timers.look(after: 100_000) == .none)
    timers.signs.isHeld = false
    #expect(timers.look(after: 107_199) == .none)
    #expect(timers.look(after: 107_200) == .ping)
    // Its answer may have come, and wait to be read.
    timers.signs.isHeld = true
    #expect(timers.look(after: 107_220) == .none)
  }

  @Test func `what is 0 is waited for forever`() {
    let timers = Timers {
      ($0.preface, $0.header, $0.write, $0.idle) = (.zero, .zero, .zero, .zero)
      ($0.ageMax, $0.keepaliveInterval) = (.zero, .zero)
    }
    timers.signs.openUnit = 1
    timers.signs.outputMark = 1
    for isSettled in [false, true] {
      timers.signs.isSettled = isSettled
      #expect(timers.look(after: 0) == .none)
      #expect(timers.look(after: 1_000_000_000) == .none)
    }
  }

  @Test func `connections are looked at ten times within the shortest wait, within bounds`() {
    var timeouts = ServerTimeouts()
    #expect(timeouts.sweepInterval == .seconds(1))
    timeouts.body = .milliseconds(500)
    #expect(timeouts.sweepInterval == .milliseconds(50))
    timeouts.write = .milliseconds(1)
    #expect(timeouts.sweepInterval == .milliseconds(10))
    timeouts.write = .zero
    #expect(timeouts.sweepInterval == .milliseconds(50))
  }
}
