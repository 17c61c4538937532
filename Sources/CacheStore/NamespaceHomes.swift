/// What a shard knows of each namespace beside its counters, by namespace number. Freed with the
/// shard's state.
///
/// Unchecked, because it is a pointer: used under the shard's lock. Not an array, for whose counting of
/// references each read would pay.
struct NamespaceHomes: @unchecked Sendable {
  struct Home {
    /// Of its entries; see `ShardState.pool(of:)`.
    var pool = 0
    /// Entries up to this version were flushed.
    var flushedThrough = Version.none
  }

  private(set) var count = 0
  private var homes: UnsafeMutablePointer<Home>
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    self.homes = .allocate(capacity: capacity)
  }

  func free() { self.homes.deallocate() }

  mutating func append(_ home: Home) {
    if self.count == self.capacity {
      let larger = UnsafeMutablePointer<Home>.allocate(capacity: 2 * self.capacity)
      // Both have room for `count`, and a `Home` is no more than its bytes.
      larger.moveInitialize(from: self.homes, count: self.count)
      self.homes.deallocate()
      self.homes = larger
      self.capacity *= 2
    }
    (self.homes + self.count).initialize(to: home)
    self.count += 1
  }

  subscript(namespace: NamespaceID) -> Home {
    get { self.homes[self.checked(namespace)] }
    nonmutating _modify { yield &self.homes[self.checked(namespace)] }
  }

  private func checked(_ namespace: NamespaceID) -> Int {
    let index = Int(namespace.rawValue)
    precondition(index < self.count, "namespace numbers come from the store's own list")
    return index
  }
}
