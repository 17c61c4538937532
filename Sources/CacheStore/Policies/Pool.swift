/// Entries that compete for room by one policy.
struct Pool: ~Copyable {
  var policy: Policy
  /// Charged bytes of the entries.
  var bytes = 0
  var count = 0
  /// Below this many bytes, no other pool's entries push this one's out.
  var guaranteedBytes: Int

  init(_ configuration: PoolConfiguration) {
    self.policy = Policy(configuration.policy)
    self.guaranteedBytes = configuration.guaranteedBytes
  }

  /// As the shard has counted it.
  var countedPolicyBytes = 0

  /// What the policy takes beside the entries. Charged as the entries come, before the policy needs
  /// the memory: it takes it when the store is full and has none to give.
  var policyBytes: Int {
    max(self.policy.chargedBytes, self.policy.reservedBytes(forEntries: self.count))
  }
}

/// The pools of a shard, by number. Freed with the shard's state.
///
/// Unchecked, because it is a pointer: used under the shard's lock.
struct Pools: @unchecked Sendable {
  private var pools: UnsafeMutablePointer<Pool>
  private var capacity = 1
  /// Those that were retired, too.
  private(set) var count = 1
  private var retired: [Int] = []

  /// One pool, which is never retired.
  init(_ configuration: PoolConfiguration) {
    self.pools = .allocate(capacity: 1)
    self.pools.initialize(to: Pool(configuration))
  }

  /// Makes a pool; returns its number.
  mutating func add(_ configuration: PoolConfiguration) -> Int {
    if let pool = self.retired.popLast() {
      self.pools[pool] = Pool(configuration)
      return pool
    }
    if self.count == self.capacity {
      let larger = UnsafeMutablePointer<Pool>.allocate(capacity: 2 * self.capacity)
      // Both have room for `count`, and nobody holds a place while the lock is held by the caller.
      larger.moveInitialize(from: self.pools, count: self.count)
      self.pools.deallocate()
      self.pools = larger
      self.capacity *= 2
    }
    // `count` is within the capacity, and each place is initialised once.
    (self.pools + self.count).initialize(to: Pool(configuration))
    self.count += 1
    return self.count - 1
  }

  /// Ends a pool that has no entries; what its policy held is freed.
  mutating func retire(_ pool: Int) {
    self.pools[pool] = Pool(PoolConfiguration(policy: .lru, guaranteedBytes: 0))
    self.retired.append(pool)
  }

  func free() {
    self.pools.deinitialize(count: self.count)
    self.pools.deallocate()
  }

  /// Where a pool is, `index` being below `count`: for the path of each read, which must not pay for
  /// a coroutine.
  func place(_ index: Int) -> UnsafeMutablePointer<Pool> { self.pools + index }

  subscript(index: Int) -> Pool {
    _read { yield self.pools[index] }
    nonmutating _modify { yield &self.pools[index] }
  }
}

/// What a shard is told of a pool.
struct PoolConfiguration: Sendable {
  let policy: EvictionPolicy
  let guaranteedBytes: Int
}
