internal import NIOCore

/// Notices that something does not move which should. No clock: time is an argument.
///
/// Whoever looks tells where it stands, as any number that changes with each step; nil where nothing
/// is waited for. A stall is measured from the look that first saw it, so it is noticed late by at
/// most the time between two looks, and what moves is never asked when it did.
struct StallClock: Equatable {
  private enum State: Equatable {
    /// Nothing is waited for. Can go to `waiting`.
    case idle
    /// It stands at `mark` since then. Can go to either.
    case waiting(mark: Int, since: NIODeadline)
  }

  private var state = State.idle

  /// - Parameter timeout: 0: forever.
  /// - Returns: whether it has stood still for as long as `timeout`.
  mutating func look(at mark: Int?, now: NIODeadline, timeout: TimeAmount) -> Bool {
    guard let mark else {
      self.state = .idle
      return false
    }
    guard case .waiting(let last, let since) = self.state, last == mark else {
      self.state = .waiting(mark: mark, since: now)
      return false
    }
    return timeout > .zero && now - since >= timeout
  }
}
