internal import Synchronization

/// A byte-bounded cache of versioned entries, shared by all threads of a node.
///
/// Goals: a read of a present entry allocates nothing and holds its shard's lock for nanoseconds;
/// the budget holds at every moment; no lock is held longer than a bounded step takes; what the
/// cluster needs to move and copy entries is here, and nothing of the network is.
///
/// Non-goals: durability (any entry may turn into a miss), ordered iteration, reading the clock.
/// Time is an argument of each operation, one reading for a batch of them.
///
/// Keys are spread over shards by the low bits of their hash. A shard has one lock, one index, its own
/// memory and policies and an equal part of the budget; no operation holds two locks. Closures given to
/// the store run under a shard's lock: they copy what they need and call nothing of the store.
public final class Store: Sendable {
  public let configuration: StoreConfiguration
  public let namespaces: Namespaces
  /// Gives out the versions of all writes.
  public let clock: VersionClock
  let shards: [ShardReference]
  /// Keeps what `shards` refers to.
  private let ownedShards: [Shard]
  let floors: Floors
  /// The arcs of which every shard has a copy. Taken before the shards' locks, by `track` and
  /// `untrack` only.
  let tracked = Mutex(TrackedArcs())
  /// The shard that the next sweep begins with.
  let nextSweep = Atomic(0)

  /// - Throws: When a limit of the configuration is out of its range.
  public init(
    _ configuration: StoreConfiguration, clock: VersionClock = VersionClock()
  ) throws(StoreConfigurationError) {
    try configuration.validate()
    let floors = Floors()
    let largeMemory = LargeMemory(
      budgetBytes: configuration.memoryBytes, shards: configuration.shardCount)
    let namespaces = Namespaces(configuration.namespaces)
    self.configuration = configuration
    self.namespaces = namespaces
    self.clock = clock
    self.floors = floors
    let all = namespaces.configurations
    self.ownedShards = (0..<configuration.shardCount).map { _ in
      let context = ShardContext(
        configuration, clock: clock, floors: floors, largeMemory: largeMemory)
      return Shard(
        context, policy: configuration.policy,
        pools: all.map { $0.pool(configuration, budgetBytes: context.budgetBytes) })
    }
    self.shards = self.ownedShards.map(ShardReference.init)
  }

  /// Calls `body` with the entry, under the lock of its shard, and marks the entry as used.
  ///
  /// - Parameter body: Short, and without calls of the store.
  /// - Returns: What `body` returned, or nil without calling it where there is no such entry.
  @inlinable
  public func read<Result>(
    _ key: borrowing StoreKey, now: StoreTime, _ body: (borrowing EntryView) -> Result
  ) -> Result? {
    var result: Result?
    // The closure does not escape, so it and what it captures stay on the stack.
    self.withEntry(key, now: now) { result = body($0) }
    return result
  }

  /// Stores an entry, whole, with a version of its own.
  ///
  /// - Parameter value: Copied.
  public func write(
    _ key: borrowing StoreKey, value: RawSpan, flags: UInt32 = 0,
    condition: WriteCondition = .none, expiry: Expiry, now: StoreTime
  ) -> WriteOutcome {
    let shard = self.shard(of: key)
    guard value.byteCount <= self.configuration.valueMaxBytes else { return .valueTooLarge }
    let new = NewEntry(
      key, value: value, flags: flags, deadline: self.deadline(expiry, key, now),
      in: shard.context)
    return shard.withLockUntilDone { state, garbage in
      state.startClock(now)
      return state.write(new, key, condition: condition, now: now, &garbage)
    }
  }

  /// Removes an entry. Inside a tracked arc the delete is remembered, of an absent key too.
  ///
  /// - Parameter ifVersion: Only if the present entry has this version; nil for any.
  public func delete(
    _ key: borrowing StoreKey, ifVersion: Version? = nil, now: StoreTime
  ) -> DeleteOutcome {
    self.shard(of: key).withLock { state, garbage in
      state.delete(key, ifVersion: ifVersion, now: now, &garbage)
    }
  }

  /// Adds `delta` to an entry whose value is a decimal number, atomically.
  ///
  /// - Parameters:
  ///   - initial: The value that an absent entry is taken to have before the addition.
  ///   - expiry: For an entry that this creates. A present one keeps its own, and its flags.
  public func increment(
    _ key: borrowing StoreKey, by delta: Int64, initial: Int64 = 0, expiry: Expiry, now: StoreTime
  ) throws(IncrementError) -> Incremented {
    let deadline = self.deadline(expiry, key, now)
    let result = self.shard(of: key).withLockUntilDone { state, garbage in
      state.startClock(now)
      return state.increment(
        key, by: delta, initial: initial, newDeadline: deadline, now: now, &garbage)
    }
    return try result.get()
  }

  /// Sets the expiry of an entry, and marks it as used. Its version stays.
  ///
  /// - Returns: The entry's version, or nil where there is no such entry.
  public func touch(_ key: borrowing StoreKey, expiry: Expiry, now: StoreTime) -> Version? {
    let deadline = self.deadline(expiry, key, now)
    return self.shard(of: key).withLockUntilDone { state, garbage in
      state.startClock(now)
      return state.touch(key, deadline: deadline, now: now, &garbage)
    }
  }

  /// Removes the entries whose time is up, and looks at no others but those of the same pages. For a
  /// timer: called every 100 ms, it frees each entry's memory within half a second of its end.
  ///
  /// - Returns: How many entries it removed.
  @discardableResult
  public func expire(now: StoreTime) -> Int {
    var expired = 0
    for shard in self.shards {
      while let count = shard.withLock({ $0.expirePage(now: now, &$1) }) { expired += count }
    }
    return expired
  }

  /// Removes expired entries, and tombstones that no tracked arc needs, going on where the last
  /// sweep ended. For a timer; several threads may sweep at once.
  ///
  /// - Parameter bucketsMax: Buckets of the index to look at, of some ten entries each.
  public func sweep(bucketsMax: Int, now: StoreTime) -> SweepResult {
    var result = SweepResult()
    while result.buckets < bucketsMax {
      // Wraps after 2^63 steps; taken modulo the number of shards as an unsigned word.
      let turn = UInt(
        bitPattern: self.nextSweep.wrappingAdd(1, ordering: .relaxed).oldValue)
      let shard = self.shards[Int(turn % UInt(self.shards.count))]
      let rest = bucketsMax - result.buckets
      let step = shard.withLock { state, garbage in
        state.sweep(bucketsMax: rest, now: now, &garbage)
      }
      result.buckets += step.buckets
      result.expired += step.expired
    }
    return result
  }

  /// Sums the counters of all shards.
  public func statistics() -> StoreStatistics {
    var sum = StoreStatistics(namespaceCount: self.namespaces.count)
    sum.memoryLimitBytes = self.configuration.memoryBytes
    for shard in self.shards {
      shard.withLock { state, _ in state.addStatistics(to: &sum) }
    }
    for namespace in sum.namespaces { sum.total += namespace }
    return sum
  }

  /// The part of `read` that is not generic, so that the inside of the store stays inside.
  @usableFromInline
  func withEntry(
    _ key: borrowing StoreKey, now: StoreTime, _ body: (borrowing EntryView) -> Void
  ) {
    self.shard(of: key).withLock { state, garbage in
      let entry = state.read(key, now: now, &garbage)
      if entry.isNull { return }
      body(EntryView(entry, in: state.memory, now: now))
    }
  }

  /// When the entry is over, with the jitter of its namespace.
  private func deadline(
    _ expiry: Expiry, _ key: borrowing StoreKey, _ now: StoreTime
  ) -> UInt64 {
    guard case .after(let milliseconds) = expiry else { return Expiry.noDeadline }
    let percent = self.namespaces.withSettings(of: key.namespace) { $0.ttlJitterPercent }
    guard percent > 0 else { return expiry.deadline(from: now) }
    // Thirty-two bits of the hash as a fraction of the most that may be taken off; at most half.
    let most = milliseconds / 100 * UInt64(percent)
    let less = most.multipliedFullWidth(by: (key.hash >> 8) << 32).high
    return Expiry.after(milliseconds: milliseconds - less).deadline(from: now)
  }

  func shard(of key: borrowing StoreKey) -> ShardReference {
    precondition(
      key.bytes.byteCount - 1 < StoreConfiguration.keyMaxBytes && !key.bytes.isEmpty,
      "a key has 1 to 65536 bytes: the caller has checked")
    precondition(
      Int(key.namespace.rawValue) < self.namespaces.count,
      "namespace numbers come from the store's own list")
    return self.shards[Int(truncatingIfNeeded: key.hash) & (self.shards.count - 1)]
  }
}
