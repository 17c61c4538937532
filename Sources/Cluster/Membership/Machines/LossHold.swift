/// Decides whether a change of the members is believed at once. No I/O and no clock.
///
/// One that leaves less than half of the ring is more often the registry's trouble than the nodes':
/// leases that end all at once when etcd was away. It waits for `duration`, in which the nodes come back;
/// then availability wins. After a new history of etcd, whose registry began empty or is from a backup,
/// the same goes for every loss.
struct LossHold: Equatable {
  typealias Instant = ContinuousClock.Instant

  /// How long a loss must last, while this node has a lease.
  let duration: Duration
  /// Since when one is held; nil: none is.
  private(set) var since: Instant?
  private var isHistoryNew = false

  init(duration: Duration) { self.duration = duration }

  /// The registry was lost: who is not in it may be there all the same.
  mutating func historyBegan() { self.isHistoryNew = true }

  /// The registry is at hand again, after a time in which nobody could register.
  mutating func leaseRegained(_ now: Instant) { if self.since != nil { self.since = now } }

  /// - Parameters:
  ///   - members: what the registry shows.
  ///   - shown: what the change is from.
  /// - Returns: whether the change is to be applied; if not, ask again with time.
  mutating func admits(
    _ members: [Member], after shown: [Member], hasLease: Bool, _ now: Instant
  ) -> Bool {
    let ring = shown.filter(\.isOnRing)
    let lost = Self.lost(members, after: shown)
    let isHeld = self.isHistoryNew ? !lost.isEmpty : (ring.count - lost.count) * 2 < ring.count
    if isHeld {
      let since = self.since ?? now
      self.since = since
      guard hasLease, now >= since + self.duration else { return false }
    }
    self.since = nil
    self.isHistoryNew = false
    return true
  }

  /// Ids of those that have gone from the ring without saying so. One that leaves says so.
  static func lost(_ members: [Member], after shown: [Member]) -> [String] {
    let present = Set(members.map(\.id))
    return shown.filter { $0.isOnRing && !present.contains($0.id) }.map(\.id)
  }
}
