/// Bounded steps over the index. A cursor is a place in the order of hashes; 0 after the last.
extension ShardState {
  /// Buckets that one locked section of a sweep or a drop looks at.
  static let bucketsPerLockMax = 256
  /// Entries that one locked section of a sweep or a drop removes, give or take one bucket's.
  static let removalsPerLockMax = 512

  mutating func beginScan() -> ScanStart {
    // Wraps on purpose, see `ScanBand`. What comes from now on is told from what came before.
    self.scanEpoch &+= 1
    return ScanStart(epoch: self.scanEpoch)
  }

  /// Hands out one band's entries from `cursor` on, until a limit is reached.
  func scan(
    _ arcs: ArcLookup, _ band: ScanBand, since start: ScanStart, from cursor: inout UInt64,
    limits: ScanLimits, now: StoreTime, _ body: (borrowing ScanItem) -> Void
  ) {
    let memory = self.memory
    func wants(_ entry: EntryHandle, _ hash: UInt64) -> Bool {
      guard arcs.contains(hash) else { return false }
      if memory.form(entry).isTombstone { return band == .others }
      guard self.isPresent(entry, now: now) else { return false }
      let isValuable = self.pools[self.pool(of: entry)].policy.isValuable(entry, in: memory)
      let isRecent = start.isAfter(memory.state(entry).epoch, current: self.scanEpoch)
      return band.includes(isValuable: isValuable, isRecent: isRecent)
    }
    var entries = 0
    var bytes = 0
    for _ in 0..<limits.bucketsMax {
      // A bucket is handed out whole or not at all, for a cursor cannot point into it.
      var bucketEntries = 0
      var bucketBytes = 0
      self.index.forEach(at: cursor, in: memory) { entry, hash in
        guard wants(entry, hash) else { return }
        bucketEntries += 1
        bucketBytes += memory.contentBytes(entry)
      }
      let overruns =
        entries + bucketEntries > limits.entriesMax || bytes + bucketBytes > limits.bytesMax
      if overruns && entries > 0 { return }
      if bucketEntries > 0 {
        self.index.forEach(at: cursor, in: memory) { entry, hash in
          if wants(entry, hash) { body(ScanItem(entry, hash: hash, in: memory, now: now)) }
        }
      }
      entries += bucketEntries
      bytes += bucketBytes
      cursor = self.index.cursor(after: cursor)
      if cursor == 0 { return }
    }
  }

  /// Removes entries whose time is up, and tombstones that no tracked arc needs any more.
  mutating func sweep(bucketsMax: Int, now: StoreTime, _ garbage: inout Garbage) -> SweepResult {
    let memory = self.memory
    var result = SweepResult()
    var over: [EntryHandle] = []
    var removals = 0
    while result.buckets < min(bucketsMax, Self.bucketsPerLockMax),
      removals < Self.removalsPerLockMax
    {
      over.removeAll(keepingCapacity: true)
      self.index.forEach(at: self.sweepCursor, in: memory) { entry, hash in
        let isOver =
          memory.form(entry).isTombstone
          ? !self.tracked.contains(hash)
          : memory.isExpired(entry, now) || (self.mayHoldFlushed && self.isFlushed(entry))
        if isOver { over.append(entry) }
      }
      for entry in over where !memory.form(entry).isFree {
        removals += 1
        if memory.form(entry).isTombstone {
          self.unlink(entry, &garbage)
        } else if self.mayHoldFlushed, self.isFlushed(entry) {
          self.removeFlushed(entry, &garbage)
        } else {
          result.expired += 1
          self.expire(entry, &garbage)
        }
      }
      result.buckets += 1
      self.sweepCursor = self.index.cursor(after: self.sweepCursor)
      if self.sweepCursor == 0 {
        // A flush has set the cursor to the beginning: all of the index has been walked since.
        self.mayHoldFlushed = false
        break
      }
    }
    return result
  }

  /// Removes the entries of one page whose time is up; nil where no page is waiting for that.
  mutating func expirePage(now: StoreTime, _ garbage: inout Garbage) -> Int? {
    let page = self.wheel?.next(now: now.monotonicMilliseconds, in: self.slab.pages) ?? 0
    guard page != 0 else { return nil }
    let memory = self.memory
    var over: [EntryHandle] = []
    var earliest = UInt64.max
    self.slab.forEachEntry(in: page) { entry in
      let deadline = memory.deadline(entry)
      if deadline <= now.monotonicMilliseconds {
        over.append(entry)
      } else {
        earliest = min(earliest, deadline)
      }
    }
    // Before the removals: the page may be another size's after them.
    self.slab.pages[page].earliestDeadline = earliest
    if earliest != Expiry.noDeadline {
      self.wheel?.arm(page, for: earliest, in: self.slab.pages)
    }
    // A removal in a tracked arc may drop a tombstone, but no other entry that has a deadline.
    for entry in over { self.expire(entry, &garbage) }
    return over.count
  }

  /// Counts entries of the arcs in, from where `usage` ends.
  func count(_ arcs: ArcSet, in usage: inout ArcUsage, now: StoreTime) {
    let memory = self.memory
    var (cursor, entries, bytes) = (usage.bucket, 0, 0)
    self.forEachEntry(from: &cursor, now: now) { entry, hash in
      guard arcs.contains(hash) else { return }
      entries += 1
      bytes += memory.contentBytes(entry)
    }
    usage.bucket = cursor
    usage.entries += entries
    usage.bytes += bytes
  }

  /// Calls `body` with each entry, from `cursor` on.
  func walk(from cursor: inout UInt64, now: StoreTime, _ body: (EntryOutline) -> Void) {
    let memory = self.memory
    self.forEachEntry(from: &cursor, now: now) { entry, hash in
      body(EntryOutline(entry, hash: hash, in: memory, now: now))
    }
  }

  private func forEachEntry(
    from cursor: inout UInt64, now: StoreTime, _ body: (EntryHandle, _ hash: UInt64) -> Void
  ) {
    let memory = self.memory
    for _ in 0..<Self.bucketsPerLockMax {
      self.index.forEach(at: cursor, in: memory) { entry, hash in
        guard !memory.form(entry).isTombstone, self.isPresent(entry, now: now) else { return }
        body(entry, hash)
      }
      cursor = self.index.cursor(after: cursor)
      if cursor == 0 { return }
    }
  }

  /// Removes what lies in the arcs and is not newer than `version`, tombstones too, from `cursor` on.
  mutating func drop(
    _ arcs: ArcSet, through version: Version, from cursor: inout UInt64,
    _ garbage: inout Garbage
  ) {
    let memory = self.memory
    var inside: [EntryHandle] = []
    var removals = 0
    for _ in 0..<Self.bucketsPerLockMax where removals < Self.removalsPerLockMax {
      inside.removeAll(keepingCapacity: true)
      self.index.forEach(at: cursor, in: memory) { entry, hash in
        if arcs.contains(hash), memory.version(entry) <= version { inside.append(entry) }
      }
      for entry in inside { self.unlink(entry, &garbage) }
      removals += inside.count
      cursor = self.index.cursor(after: cursor)
      if cursor == 0 { return }
    }
  }
}
