/// All that the lock of one shard guards: the table, the recency list, the tombstones, the budget.
///
/// Takes no lock, reads no clock, frees nothing: what it unlinks goes to the caller's `Garbage`.
/// This file has what all operations are made of; they are in the extensions.
struct ShardState: ~Copyable {
  let context: ShardContext
  var table: EntryTable
  /// Entries with a value; the most recently used one is first.
  var recency = EntryList()
  /// The newest is first.
  var tombstones = EntryList()
  var tombstoneCount = 0
  var tombstoneBytes = 0
  /// Entries, tombstones and the table; not what `context.pins` counts.
  var usedBytes: Int
  var tracked = TrackedArcs()
  /// By namespace number.
  var counters: [NamespaceStatistics]
  /// The recency of an entry is measured in ticks: one for each `usesPerTick` uses, and one at the
  /// start of a scan. See `ScanBand`.
  var tick: UInt32 = 0
  var uses: UInt32 = 0
  /// Where the next sweep goes on.
  var sweepCursor: UInt64 = 0

  static let usesPerTick: UInt32 = 256
  /// Bounds the time under the lock of a write that needs the room of many small entries.
  static let evictionsPerLockMax = 512
  /// Buckets of a growing table that each insertion moves. With two the move would end just when
  /// the larger table is as full as the old one was; more makes it end well before.
  static let bucketMovesPerInsert = 4
  /// Entries that an insertion evicts beyond its own need, to make room for a larger table.
  static let growthEvictionsPerInsert = 8

  init(context: ShardContext, shardBits: Int, namespaceCount: Int) {
    self.context = context
    self.table = EntryTable(shift: shardBits)
    self.usedBytes = self.table.chargedBytes
    self.counters = Array(repeating: NamespaceStatistics(), count: namespaceCount)
  }

  deinit {
    for list in [self.recency, self.tombstones] {
      var next = list.first
      while let entry = next {
        next = entry.header.listNext
        // An extent may outlive the store; it then counts for a budget that nobody asks any more.
        entry.free()
      }
    }
  }

  // MARK: Look-up

  /// What is under a key.
  enum Occupant: Equatable {
    case none
    case live(EntryReference)
    case tombstone(EntryReference)

    var entry: EntryReference? {
      switch self {
      case .none: nil
      case .live(let entry), .tombstone(let entry): entry
      }
    }
  }

  /// Removes the entry first if its time is up.
  mutating func occupant(
    of key: borrowing StoreKey, now: StoreTime, _ garbage: inout Garbage
  ) -> Occupant {
    guard let entry = self.table.find(key) else { return .none }
    if entry.isTombstone { return .tombstone(entry) }
    guard entry.isExpired(now) else { return .live(entry) }
    self.expire(entry, &garbage)
    // A tracked arc has kept a tombstone.
    guard let tombstone = self.table.find(key) else { return .none }
    return .tombstone(tombstone)
  }

  /// Marks a use of the entry.
  mutating func touch(_ entry: EntryReference) {
    self.stamp(entry)
    self.recency.moveToFront(entry)
  }

  /// Writes the current tick on the entry.
  mutating func stamp(_ entry: EntryReference) {
    // Both counters wrap on purpose: ticks are compared modulo 2^32.
    self.uses &+= 1
    if self.uses % Self.usesPerTick == 0 { self.tick &+= 1 }
    entry.header.tick = self.tick
  }

  // MARK: Linking

  /// Puts the entry in the place of `old`, whatever that is. Room has been made.
  mutating func link(
    _ entry: EntryReference, replacing old: EntryReference?, _ garbage: inout Garbage
  ) {
    if let old { self.unlink(old, &garbage) }
    let bytes = entry.chargedBytes
    self.table.insert(entry)
    self.stamp(entry)
    self.usedBytes += bytes
    if entry.isTombstone {
      self.tombstones.prepend(entry)
      self.tombstoneCount += 1
      self.tombstoneBytes += bytes
    } else {
      self.recency.prepend(entry)
      self.withCounters(of: entry) {
        $0.entries += 1
        $0.bytes += bytes
      }
    }
  }

  mutating func unlink(_ entry: EntryReference, _ garbage: inout Garbage) {
    let bytes = entry.chargedBytes
    self.table.remove(entry)
    self.usedBytes -= bytes
    if entry.isTombstone {
      self.tombstones.remove(entry)
      self.tombstoneCount -= 1
      self.tombstoneBytes -= bytes
    } else {
      self.recency.remove(entry)
      self.withCounters(of: entry) {
        $0.entries -= 1
        $0.bytes -= bytes
      }
      entry.orphanPinnedExtent()
    }
    garbage.add(entry)
  }

  mutating func withCounters(
    of entry: EntryReference, _ body: (inout NamespaceStatistics) -> Void
  ) {
    body(&self.counters[Int(entry.header.shape.namespace.rawValue)])
  }

  // MARK: Room

  enum Room {
    case made
    /// Much has been evicted and more must be: free it without the lock, then try again.
    case tryAgain
    /// All that may be evicted is gone, or would not have been enough.
    case impossible
  }

  /// Evicts until `bytes` fit once `old` is gone. Never evicts `old` itself.
  mutating func makeRoom(
    for bytes: Int, replacing old: EntryReference?, _ garbage: inout Garbage
  ) -> Room {
    // What somebody still reads of `old` stays after it.
    let kept = old?.pinnedBytes ?? 0
    let pinned = self.context.pins.current + kept
    guard self.table.chargedBytes + pinned + bytes <= self.context.budgetBytes else {
      return .impossible
    }
    let reclaimed = old.map { $0.chargedBytes - kept } ?? 0
    var evictions = 0
    while !self.fits(bytes - reclaimed) {
      guard evictions < Self.evictionsPerLockMax else { return .tryAgain }
      guard self.evictOne(sparing: old, &garbage) else { return .impossible }
      evictions += 1
    }
    return .made
  }

  private func fits(_ bytes: Int) -> Bool {
    self.usedBytes + self.context.pins.current + bytes <= self.context.budgetBytes
  }

  /// The least recently used entry goes first; with none left, the oldest tombstone.
  private mutating func evictOne(
    sparing spared: EntryReference?, _ garbage: inout Garbage
  ) -> Bool {
    if let victim = self.recency.last(sparing: spared) {
      self.withCounters(of: victim) { $0.evictions += 1 }
      self.remove(victim, sparing: spared, &garbage)
      return true
    }
    guard let victim = self.tombstones.last(sparing: spared) else { return false }
    self.dropTombstone(victim, &garbage)
    return true
  }

  /// Lets the table grow with its contents, a little with each insertion. Called once at the end of
  /// an operation that has inserted `spared`, never while it evicts.
  mutating func growTable(sparing spared: EntryReference, _ garbage: inout Garbage) {
    if self.table.isGrowing {
      guard let retired = self.table.move(buckets: Self.bucketMovesPerInsert) else { return }
      self.usedBytes -= retired.chargedBytes
      garbage.add(retired)
    } else if self.table.wantsToGrow {
      let bytes = self.table.growthBytes
      // Half of the budget is for entries; a table that would take more keeps longer chains.
      guard self.table.chargedBytes + bytes <= self.context.budgetBytes / 2 else { return }
      for _ in 0..<Self.growthEvictionsPerInsert where !self.fits(bytes) {
        guard self.evictOne(sparing: spared, &garbage) else { return }
      }
      guard self.fits(bytes) else { return }
      let before = self.table.chargedBytes
      self.table.beginGrowth()
      self.usedBytes += self.table.chargedBytes - before
    }
  }
}
