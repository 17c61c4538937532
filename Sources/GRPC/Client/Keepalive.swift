internal import NIOCore

/// Decides when a silent server is sent a PING, and when it is given up (grpc/grpc,
/// doc/keepalive.md). No I/O and no clock: time is an argument.
struct Keepalive: Equatable {
  private enum State: Equatable {
    /// The server was last heard, or a call began, at `since`. Can go to `waiting`.
    case quiet(since: NIODeadline)
    /// A PING is out, and must be answered by `until`. Can go to `quiet`.
    case waiting(until: NIODeadline)
  }

  enum Action: Equatable {
    /// Nothing to do before the next call.
    case rest
    /// Look again at that time.
    case wait(NIODeadline)
    /// Send a PING, and look again at that time.
    case ping(NIODeadline)
    /// The server is gone.
    case giveUp
  }

  /// No interval is made longer than this.
  private static let intervalMax = TimeAmount.hours(2)

  let interval: TimeAmount
  let timeout: TimeAmount
  private var state = State.quiet(since: .uptimeNanoseconds(0))

  init(interval: TimeAmount, timeout: TimeAmount) {
    self.interval = interval
    self.timeout = timeout
  }

  /// The interval for the next connection to a server that has ended the last one because of its PINGs
  /// (gRFC A8).
  static func interval(afterTooManyPings interval: TimeAmount) -> TimeAmount {
    // Within bounds: what is doubled is below `intervalMax`.
    interval < Self.intervalMax
      ? min(.nanoseconds(2 * interval.nanoseconds), Self.intervalMax) : interval
  }

  /// A call began while nobody looked at the time.
  mutating func started(_ now: NIODeadline) { self.state = .quiet(since: now) }

  /// Bytes came, whatever they mean.
  mutating func heard(_ now: NIODeadline) { self.state = .quiet(since: now) }

  mutating func check(_ now: NIODeadline, hasCalls: Bool) -> Action {
    switch self.state {
    case .waiting(let until):
      return now >= until ? .giveUp : .wait(until)
    case .quiet(let since):
      guard hasCalls else { return .rest }
      guard now >= since + self.interval else { return .wait(since + self.interval) }
      self.state = .waiting(until: now + self.timeout)
      return .ping(now + self.timeout)
    }
  }
}
