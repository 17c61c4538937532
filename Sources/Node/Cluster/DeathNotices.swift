/// Decides which of the deaths that event loops find are told to etcd. No I/O and no clock.
struct DeathNotices {
  typealias Instant = ContinuousClock.Instant

  /// What is found out about a dead member is acted on within this time, or not at all: one that was found
  /// dead while etcd could not be told may live again.
  static let ageMax: Duration = .seconds(1)
  /// Between two times that this node declares the same member dead: the other loops find the same, and one
  /// that has put its record back meanwhile lives.
  static let interval: Duration = .seconds(5)

  /// When each member was declared dead last.
  private var declared: [String: Instant] = [:]

  /// Whether the member is to be declared dead now.
  ///
  /// - Parameter foundAt: when its address has refused connections.
  mutating func admits(_ id: String, foundAt: Instant, _ now: Instant) -> Bool {
    if let last = self.declared[id], foundAt < last + Self.interval { return false }
    guard now < foundAt + Self.ageMax else { return false }
    self.declared = self.declared.filter { now < $0.value + Self.interval }
    self.declared[id] = now
    return true
  }
}
