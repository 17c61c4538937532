internal import NIOCore

/// Decides what a channel does with a call: use the connection, make one, wait for it, or fail. No
/// I/O and no clock.
struct ChannelStateMachine {
  private enum State {
    /// No connection, and nobody needs one. Can go to `connecting` or `shutDown`.
    case idle
    /// An attempt is under way. Can go to `ready`, `failed` or `shutDown`.
    case connecting(since: NIODeadline)
    /// Calls go out. Can go to `idle` or `shutDown`.
    case ready
    /// The last attempt failed with `reason`; the next may begin at `retryAt`. Can go to
    /// `connecting` or `shutDown`.
    case failed(reason: Status, retryAt: NIODeadline)
    /// For ever.
    case shutDown
  }

  enum OnCall: Equatable {
    case use
    /// Begin an attempt, and wait for it.
    case connect
    case wait
    case fail(Status)
  }

  static let shutDownStatus = Status(.unavailable, "the channel was shut down")

  private var state = State.idle
  private var backoff: ConnectionBackoff

  init(_ backoff: BackoffConfiguration) { self.backoff = ConnectionBackoff(backoff) }

  /// A call wants to be made.
  mutating func call(_ now: NIODeadline) -> OnCall {
    switch self.state {
    case .ready: return .use
    case .connecting: return .wait
    case .shutDown: return .fail(Self.shutDownStatus)
    case .failed(let reason, let retryAt) where now < retryAt: return .fail(reason)
    case .idle, .failed:
      self.state = .connecting(since: now)
      return .connect
    }
  }

  /// The attempt has succeeded.
  ///
  /// - Returns: false if the channel was shut down meanwhile: the connection is not wanted.
  mutating func connected() -> Bool {
    guard case .connecting = self.state else { return false }
    self.backoff.succeeded()
    self.state = .ready
    return true
  }

  /// The attempt has failed.
  ///
  /// - Parameter chance: -1 to 1, for the jitter.
  mutating func failed(_ reason: Status, chance: Double) {
    guard case .connecting(let since) = self.state else { return }
    let retryAt = self.backoff.failed(startedAt: since, chance: chance)
    self.state = .failed(reason: reason, retryAt: retryAt)
  }

  /// The connection takes no more calls.
  mutating func lost() {
    if case .ready = self.state { self.state = .idle }
  }

  /// What others are told of it.
  var shown: ChannelSnapshot.State {
    switch self.state {
    case .idle: .idle
    case .connecting: .connecting
    case .ready: .ready
    case .failed: .transientFailure
    case .shutDown: .shutdown
    }
  }

  mutating func shutDown() { self.state = .shutDown }
}
