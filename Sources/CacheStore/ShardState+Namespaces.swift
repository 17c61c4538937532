/// Namespaces in a shard: which pool their entries are in, and what of them was flushed.
extension ShardState {
  /// A walk that takes the entries of a namespace from one pool to another.
  struct Repooling {
    let namespace: NamespaceID
    let from: Int
    /// Entries before this place in the index's order are in their new pool.
    var cursor: UInt64 = 0
  }

  /// Buckets of the index that one locked section of the walk looks at.
  static let repoolBucketsPerLock = 64

  // MARK: Pools

  /// The pool that the entry is in, or comes into.
  @inline(__always)
  func pool(of entry: EntryHandle) -> Int {
    self.pools.count == 1 ? 0 : self.poolAmongSeveral(entry)
  }

  private func poolAmongSeveral(_ entry: EntryHandle) -> Int {
    let namespace = self.memory.namespace(entry)
    if let repooling = self.repooling, repooling.namespace == namespace,
      self.index.place(of: self.memory.hash(entry)) >= repooling.cursor
    {
      return repooling.from
    }
    return self.homes[namespace].pool
  }

  /// - Parameter pool: nil: its entries are with the others'.
  mutating func addNamespace(_ pool: PoolConfiguration?) {
    self.counters.append()
    self.homes.append(.init(pool: pool.map { self.pools.add($0) } ?? 0))
  }

  /// Begins to take a namespace's entries to another pool, where that is needed: `repool` goes on.
  mutating func beginRepooling(_ namespace: NamespaceID, to wanted: PoolConfiguration?) {
    precondition(self.repooling == nil, "the one before it has been walked to its end")
    let from = self.homes[namespace].pool
    guard let wanted else {
      if from != 0 { self.startWalk(namespace, from, to: 0) }
      return
    }
    if from != 0, self.pools[from].policy.kind == wanted.policy {
      self.pools[from].guaranteedBytes = wanted.guaranteedBytes
    } else {
      self.startWalk(namespace, from, to: self.pools.add(wanted))
    }
  }

  private mutating func startWalk(_ namespace: NamespaceID, _ from: Int, to pool: Int) {
    self.repooling = Repooling(namespace: namespace, from: from)
    self.homes[namespace].pool = pool
  }

  /// One step of the walk; false where there is none to do.
  mutating func repool(_ garbage: inout Garbage) -> Bool {
    guard var walk = self.repooling else { return false }
    let memory = self.memory
    let pool = self.homes[walk.namespace].pool
    var entries: [EntryHandle] = []
    for _ in 0..<Self.repoolBucketsPerLock {
      entries.removeAll(keepingCapacity: true)
      self.index.forEach(at: walk.cursor, in: memory) { entry, _ in
        guard !memory.form(entry).isTombstone, memory.namespace(entry) == walk.namespace else {
          return
        }
        entries.append(entry)
      }
      for entry in entries { self.move(entry, from: walk.from, to: pool) }
      walk.cursor = self.index.cursor(after: walk.cursor)
      if walk.cursor == 0 { break }
    }
    self.repooling = walk.cursor == 0 ? nil : walk
    if walk.cursor == 0, walk.from != 0 { self.retire(walk.from) }
    // The new policy may take more beside the entries than the old one did.
    while !self.fits(0), self.evictOne(&garbage) {}
    return true
  }

  private mutating func move(_ entry: EntryHandle, from old: Int, to new: Int) {
    let memory = self.memory
    let bytes = memory.chargedBytes(entry)
    let isValuable = self.pools[old].policy.isValuable(entry, in: memory)
    self.withPool(old) {
      $0.policy.remove(entry, in: memory)
      $0.bytes -= bytes
      $0.count -= 1
    }
    memory.updateState(entry) {
      $0.queue = 0
      $0.uses = 0
    }
    self.withPool(new) {
      $0.policy.insert(entry, in: memory)
      $0.bytes += bytes
      $0.count += 1
      if isValuable { _ = $0.policy.hit(entry, in: memory) }
    }
    // A scan that has passed the entry in one rank may come to it in another.
    self.stamp(entry)
  }

  /// Ends a pool that no namespace has any more.
  private mutating func retire(_ pool: Int) {
    precondition(self.pools[pool].count == 0, "its namespace has taken its entries along")
    self.policyBytes -= self.pools[pool].countedPolicyBytes
    self.pools.retire(pool)
  }

  // MARK: Flushes

  mutating func flush(_ namespace: NamespaceID, through version: Version) {
    self.homes[namespace].flushedThrough = max(self.homes[namespace].flushedThrough, version)
    self.wasFlushed = true
    // From now on the sweep walks all of the index once.
    self.mayHoldFlushed = true
    self.sweepCursor = 0
  }

  /// Whether the entry was there when its namespace was flushed. Asked only where one was.
  func isFlushed(_ entry: EntryHandle) -> Bool {
    self.memory.version(entry) <= self.homes[self.memory.namespace(entry)].flushedThrough
  }

  /// Takes out an entry that was flushed. No tombstone: the flush itself stands for all of them.
  mutating func removeFlushed(_ entry: EntryHandle, _ garbage: inout Garbage) {
    self.withCounters(of: entry) { $0.deletes += 1 }
    self.unlink(entry, &garbage)
  }
}
