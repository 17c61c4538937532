/// Bounded steps over the table. A cursor is the number of a bucket; 0 after the last.
extension ShardState {
  /// Buckets that one locked section of a sweep or a drop looks at.
  static let bucketsPerLockMax = 1024
  /// Entries that one locked section of a sweep or a drop removes, give or take one bucket's.
  static let removalsPerLockMax = 512

  mutating func beginScan() -> ScanStart {
    defer {
      // Wraps on purpose, see `ScanBand`. Uses from now on are told from those before.
      self.tick &+= 1
    }
    return ScanStart(
      tick: self.tick, ticksPerRound: UInt32(self.table.count) / Self.usesPerTick + 1)
  }

  /// Hands out one band's entries from the bucket at `cursor` on, until a limit is reached.
  func scan(
    _ arc: HashArc, _ band: ScanBand, since start: ScanStart, from cursor: inout UInt64,
    limits: ScanLimits, now: StoreTime, _ body: (borrowing ScanItem) -> Void
  ) {
    func wants(_ entry: EntryReference) -> Bool {
      arc.contains(entry.header.hash) && band.includes(tick: entry.header.tick, start)
        && (entry.isTombstone || !entry.isExpired(now))
    }
    var entries = 0
    var bytes = 0
    for _ in 0..<limits.bucketsMax {
      // A bucket is handed out whole or not at all, for a cursor cannot point into it.
      var bucketEntries = 0
      var bucketBytes = 0
      self.table.forEach(at: cursor) { entry in
        guard wants(entry) else { return }
        bucketEntries += 1
        bucketBytes += entry.header.shape.keyBytes + Int(entry.header.valueBytes)
      }
      let overruns =
        entries + bucketEntries > limits.entriesMax || bytes + bucketBytes > limits.bytesMax
      if overruns && entries > 0 { return }
      if bucketEntries > 0 {
        self.table.forEach(at: cursor) { entry in
          if wants(entry) { body(ScanItem(entry, now: now)) }
        }
      }
      entries += bucketEntries
      bytes += bucketBytes
      cursor = self.table.cursor(after: cursor)
      if cursor == 0 { return }
    }
  }

  /// Removes entries whose time is up, and tombstones that no tracked arc needs any more.
  mutating func sweep(bucketsMax: Int, now: StoreTime, _ garbage: inout Garbage) -> SweepResult {
    var result = SweepResult()
    var removals = 0
    while result.buckets < min(bucketsMax, Self.bucketsPerLockMax),
      removals < Self.removalsPerLockMax
    {
      let cursor = self.sweepCursor
      while let entry = self.table.first(
        at: cursor,
        where: { $0.isTombstone ? !self.tracked.contains($0.header.hash) : $0.isExpired(now) })
      {
        removals += 1
        if entry.isTombstone {
          self.unlink(entry, &garbage)
        } else {
          result.expired += 1
          self.expire(entry, &garbage)
        }
      }
      result.buckets += 1
      self.sweepCursor = self.table.cursor(after: cursor)
      if self.sweepCursor == 0 { break }
    }
    return result
  }

  /// Removes what lies in the arc, tombstones too, from the bucket at `cursor` on.
  mutating func drop(_ arc: HashArc, from cursor: inout UInt64, _ garbage: inout Garbage) {
    var removals = 0
    for _ in 0..<Self.bucketsPerLockMax where removals < Self.removalsPerLockMax {
      while let entry = self.table.first(
        at: cursor, where: { arc.contains($0.header.hash) })
      {
        self.unlink(entry, &garbage)
        removals += 1
      }
      cursor = self.table.cursor(after: cursor)
      if cursor == 0 { return }
    }
  }
}
