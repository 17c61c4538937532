/// Entries that compete for room by one policy.
struct Pool: ~Copyable {
  var policy: Policy
  /// Charged bytes of the entries.
  var bytes = 0
  var count = 0
  /// Below this many bytes, no other pool's entries push this one's out.
  let guaranteedBytes: Int

  init(_ policy: EvictionPolicy, guaranteedBytes: Int) {
    self.policy = Policy(policy)
    self.guaranteedBytes = guaranteedBytes
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
  private let pools: UnsafeMutablePointer<Pool>
  let count: Int

  init(_ configurations: [PoolConfiguration]) {
    self.count = configurations.count
    self.pools = .allocate(capacity: configurations.count)
    for (index, configuration) in configurations.enumerated() {
      // `index` is within the capacity, and each place is initialised once.
      (self.pools + index).initialize(
        to: Pool(configuration.policy, guaranteedBytes: configuration.guaranteedBytes))
    }
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
