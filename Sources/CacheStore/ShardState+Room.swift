/// Room for what comes: free slots, free pages, other sizes' sparse pages, and evictions, in this order.
extension ShardState {
  enum Room {
    case made
    /// Much has been done and more must be: free it without the lock, then try again.
    case tryAgain
    /// All that may be evicted is gone, or would not have been enough.
    case impossible
  }

  /// Makes room for a slot of the class, and for an extent, once `spared` is gone; `spared` stays
  /// meanwhile, but may move.
  mutating func makeRoom(
    sizeClass: Int, extentBytes: Int, _ garbage: inout Garbage
  ) -> Room {
    // The common case: a free slot, and bytes to spare.
    if extentBytes == 0, self.slab.hasSlot(sizeClass), self.fits(Self.policyBytesPerEntry),
      self.index.count < self.index.countMax
    {
      return .made
    }
    guard self.couldFit(extentBytes) else { return .impossible }
    var evictions = 0
    var moves = 0
    while true {
      // What somebody still reads of the old extent stays after it.
      let reclaimed =
        self.spared.isNull
        ? 0 : self.memory.extentBytes(self.spared) - self.memory.pinnedBytes(self.spared)
      let hasIndex = self.index.count < self.index.countMax
      let needed = extentBytes - reclaimed + Self.policyBytesPerEntry
      if hasIndex, self.fits(needed) {
        if self.slab.hasSlot(sizeClass) { return .made }
        if self.slab.hasWarmPage || self.fits(needed + self.slab.pageChargeMax) {
          self.slab.addPage(sizeClass)
          if self.fits(needed + Slab.aheadChargeMax) { self.slab.provideAhead() }
          continue
        }
      } else if hasIndex, self.slab.trim() {
        continue
      }
      if self.slab.evacuating != 0 || self.slab.beginEvacuation() {
        guard moves < Self.movesPerLockMax else { return .tryAgain }
        moves += self.evacuate(movesMax: Self.movesPerLockMax)
        continue
      }
      guard evictions < Self.evictionsPerLockMax else { return .tryAgain }
      guard self.evictOne(&garbage) else { return .impossible }
      evictions += 1
    }
  }

  /// Whether an extent fits into a shard in which nothing else is left but what cannot go.
  private func couldFit(_ extentBytes: Int) -> Bool {
    let pinned =
      self.context.pins.current
      + (self.spared.isNull ? 0 : self.memory.pinnedBytes(self.spared))
    let least = self.index.chargedBytes + self.policyBytes + self.slab.pageChargeMax
    return least + pinned + extentBytes <= self.context.budgetBytes
  }

  /// The most that a policy comes to need for an entry more.
  private static let policyBytesPerEntry = 8

  private var tombstoneReserveBytes: Int {
    min(Self.tombstonePagesReserved * self.slab.pageBytes, self.context.budgetBytes / 8)
  }

  func fits(_ bytes: Int) -> Bool {
    let reserved = self.tracked.isEmpty ? 0 : self.tombstoneReserveBytes
    let excess = self.context.largeMemory.excessBytesPerShard
    return self.usedBytes + self.context.pins.current + bytes + reserved + excess
      <= self.context.budgetBytes
  }

  /// Moves entries out of the page that is being emptied; returns how many.
  private mutating func evacuate(movesMax: Int) -> Int {
    let memory = self.memory
    var moves = 0
    while self.slab.evacuating != 0, moves < movesMax {
      let entry = self.slab.nextEvacuee()
      // Its class is full again: the page stays.
      if entry.isNull { return moves + 1 }
      let target = self.slab.move(entry)
      self.index.replace(entry, by: target, in: memory)
      if memory.form(target).isTombstone {
        self.tombstones.relocate(entry, to: target, in: memory)
      } else {
        self.pools[self.pool(of: target)].policy.relocate(
          entry, to: target, in: memory)
      }
      if self.spared == entry { self.spared = target }
      self.noteDeadline(of: target)
      self.freeSlot(entry)
      moves += 1
    }
    return moves
  }

  /// The entry that its policy values least goes first; with none left, the oldest tombstone.
  mutating func evictOne(_ garbage: inout Garbage) -> Bool {
    let pool = self.pools.count == 1 ? 0 : self.poolAboveItsShare
    if self.evictOne(from: pool, &garbage) { return true }
    // That pool had nothing but the spared entry.
    for other in 0..<self.pools.count where other != pool {
      if self.evictOne(from: other, &garbage) { return true }
    }
    let victim = self.tombstones.last(sparing: self.spared, in: self.memory)
    guard !victim.isNull else { return false }
    self.dropTombstone(victim, &garbage)
    return true
  }

  private mutating func evictOne(from pool: Int, _ garbage: inout Garbage) -> Bool {
    guard self.pools[pool].count > 0 else { return false }
    let (memory, spared) = (self.memory, self.spared)
    var victim = EntryHandle.null
    self.withPool(pool) { victim = $0.policy.evict(sparing: spared, in: memory) }
    guard !victim.isNull else { return false }
    self.withCounters(of: victim) { $0.evictions += 1 }
    self.remove(victim, isEvicted: true, &garbage)
    return true
  }

  /// The pool that has an entry and the most bytes above what it is guaranteed. Looks at each pool:
  /// there is one for each namespace with a policy or memory of its own.
  private var poolAboveItsShare: Int {
    var chosen = 0
    var most = Int.min
    for pool in 0..<self.pools.count where self.pools[pool].count > 0 {
      let excess = self.pools[pool].bytes - self.pools[pool].guaranteedBytes
      if excess > most { (chosen, most) = (pool, excess) }
    }
    return chosen
  }

  /// Lets the index grow and shrink with its contents, a little with each insertion. Called once at
  /// the end of an operation that has inserted `spared`, never while it evicts.
  mutating func resizeIndex(_ garbage: inout Garbage) {
    if self.index.isResizing {
      let retired = self.index.move(buckets: Self.bucketMovesPerInsert, in: self.memory)
      if let retired { garbage.add(retired) }
      return
    }
    let isRoomy = self.usedBytes < self.context.budgetBytes / Self.roomyDivisor
    guard let wanted = self.index.wantedBuckets(isRoomy: isRoomy) else { return }
    let bytes = IndexBuckets.chargedBytes(count: wanted)
    // Half of the budget is for entries; an index that would take more stays as it is, and full.
    guard self.index.chargedBytes + bytes <= self.context.budgetBytes / 2 else { return }
    for _ in 0..<Self.growthEvictionsPerInsert where !self.fits(bytes) {
      if self.slab.trim() { continue }
      if self.slab.evacuating != 0 || self.slab.beginEvacuation() {
        _ = self.evacuate(movesMax: Self.growthEvictionsPerInsert)
      } else {
        guard self.evictOne(&garbage) else { return }
      }
    }
    guard self.fits(bytes) else { return }
    self.index.beginResize(buckets: wanted)
  }
}
