internal import Etcd

/// How soon a member whose record somebody has deleted puts it back: at once, and ever later while it is
/// deleted again soon after. A node that its peers cannot connect to, though it reaches etcd, would come
/// and go many times a second otherwise, and change the ring of all nodes each time. No I/O and no clock.
struct ReturnPace {
  typealias Instant = ContinuousClock.Instant

  /// From the second deletion on.
  static let backoff = RetryBackoff(initial: .milliseconds(500), max: .seconds(10))
  /// A record that has stayed for so long was no trouble.
  static let calmAfter: Duration = .seconds(30)

  private var deletions = 0
  private var backAt: Instant?

  /// The record is not there.
  ///
  /// - Parameter chance: -1 to 1, for the jitter.
  /// - Returns: how long to wait before it is put back.
  mutating func deleted(_ now: Instant, chance: Double) -> Duration {
    if let backAt, backAt.duration(to: now) >= Self.calmAfter { self.deletions = 0 }
    let delay = Self.backoff.delay(afterFailures: self.deletions, chance: chance)
    self.deletions += 1
    self.backAt = now + delay
    return delay
  }
}
