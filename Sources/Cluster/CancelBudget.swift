internal import NIOCore

/// How many calls one event loop cancels at its peers. A peer ends a connection that resets too many of
/// its calls, and all other calls on it: clients that cancel in masses must not bring that about. No
/// clock: time is an argument.
struct CancelBudget {
  /// A fifth of what a node takes from one connection by default (`stream-resets-per-second`).
  static let perSecondMax = 100

  private var since = NIODeadline.uptimeNanoseconds(0)
  private var taken = 0

  /// Whether one more call may be cancelled.
  mutating func take(_ now: NIODeadline) -> Bool {
    if now - self.since >= .seconds(1) {
      self.since = now
      self.taken = 0
    }
    guard self.taken < Self.perSecondMax else { return false }
    self.taken += 1
    return true
  }
}
