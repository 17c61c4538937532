internal import GRPC
internal import NIOCore

/// Decides what one link to a peer does with a call: use the connection, make one, wait for it, or
/// fail at once. No I/O, no clock and no dice: time and chance are arguments.
///
/// A call never waits for a peer that was just found unreachable: such a peer is tried again on a
/// timer, and calls fail meanwhile.
struct PeerLinkStateMachine {
  private enum State {
    /// No connection, and nobody needs one. Can go to `connecting` or `closed`.
    case idle
    /// The first attempt, for which calls wait. Can go to `ready`, `backingOff` or `closed`.
    case connecting(since: NIODeadline)
    /// Calls go out. Can go to `suspected`, `idle`, `probing` or `closed`.
    case ready
    /// The connection stands, and the peer is silent: no calls go out. Can go to `ready`, `probing` or
    /// `closed`.
    case suspected
    /// The last attempt has failed; the next begins at `until`. Can go to `probing` or `closed`.
    case backingOff(until: NIODeadline)
    /// Another attempt, for which nobody waits. Can go to `ready`, `backingOff` or `closed`.
    case probing(since: NIODeadline)
    /// For ever: the peer has left the ring.
    case closed
  }

  enum OnCall: Equatable {
    case use
    /// Begin an attempt, and wait for it.
    case connect
    case wait
    /// Not now; it makes sense to try again after this.
    case fail(retryAfter: TimeAmount)
  }

  /// What people are told.
  enum Shown: String, CaseIterable {
    case idle, connecting, ready, suspected, unreachable, closed
  }

  private var state = State.idle
  private var backoff: ConnectionBackoff

  init(_ backoff: BackoffConfiguration) { self.backoff = ConnectionBackoff(backoff) }

  /// A call wants to be made.
  mutating func call(_ now: NIODeadline) -> OnCall {
    switch self.state {
    case .ready: return .use
    case .connecting: return .wait
    case .backingOff(let until): return .fail(retryAfter: max(until - now, .nanoseconds(0)))
    // Its end is near, one way or the other.
    case .probing, .suspected, .closed: return .fail(retryAfter: .nanoseconds(0))
    case .idle:
      self.state = .connecting(since: now)
      return .connect
    }
  }

  /// The attempt has succeeded.
  ///
  /// - Returns: false if the connection is not wanted any more.
  mutating func connected() -> Bool {
    switch self.state {
    case .connecting, .probing:
      self.backoff.succeeded()
      self.state = .ready
      return true
    case .idle, .ready, .suspected, .backingOff, .closed: return false
    }
  }

  /// The attempt has failed.
  ///
  /// - Parameters:
  ///   - chance: -1 to 1, for the jitter.
  ///   - latest: when to try again at the latest; nil: when the backoff says.
  /// - Returns: when to call `retry`; nil: never.
  mutating func failed(
    _ now: NIODeadline, chance: Double, latest: NIODeadline? = nil
  ) -> NIODeadline? {
    switch self.state {
    case .connecting(let since), .probing(let since):
      let backoff = self.backoff.failed(startedAt: since, chance: chance)
      let until = max(now, latest.map { min($0, backoff) } ?? backoff)
      self.state = .backingOff(until: until)
      return until
    case .idle, .ready, .suspected, .backingOff, .closed: return nil
    }
  }

  /// The time that `failed` gave has come.
  ///
  /// - Returns: whether to begin an attempt.
  mutating func retry(_ now: NIODeadline) -> Bool {
    guard case .backingOff = self.state else { return false }
    self.state = .probing(since: now)
    return true
  }

  /// The peer is silent.
  ///
  /// - Returns: whether that is news.
  mutating func suspect() -> Bool {
    guard case .ready = self.state else { return false }
    self.state = .suspected
    return true
  }

  /// The suspected peer has said something.
  mutating func clear() {
    if case .suspected = self.state { self.state = .ready }
  }

  /// The connection takes no more calls.
  ///
  /// - Parameter wasSilent: the peer was, so that it may be as well when it is connected to.
  /// - Returns: whether to begin an attempt, for which nobody waits.
  mutating func lost(_ now: NIODeadline, wasSilent: Bool) -> Bool {
    switch self.state {
    case .ready where !wasSilent:
      self.state = .idle
      return false
    case .ready, .suspected:
      self.state = .probing(since: now)
      return true
    case .idle, .connecting, .backingOff, .probing, .closed: return false
    }
  }

  mutating func close() { self.state = .closed }

  var shown: Shown {
    switch self.state {
    case .idle: .idle
    case .connecting: .connecting
    case .ready: .ready
    case .suspected: .suspected
    case .backingOff, .probing: .unreachable
    case .closed: .closed
    }
  }
}
