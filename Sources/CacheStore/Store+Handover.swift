/// What a node does with entries that go to another: finds, counts, copies and forgets them.
///
/// Nothing here counts as a use, a hit or a miss. A walk goes in steps, each of which locks one shard
/// once, for less than a millisecond.
extension Store {
  // MARK: One key

  /// The version of the entry under the key; nil where there is none, or none any more.
  public func newest(_ key: borrowing StoreKey, now: StoreTime) -> Version? {
    self.shard(of: key).withLock { state, _ in
      let entry = state.peek(key, now: now)
      let isEntry = !entry.isNull && !state.memory.form(entry).isTombstone
      return isEntry ? state.memory.version(entry) : nil
    }
  }

  /// Calls `body`, under the lock of a shard, with what is under the key: an entry, or a tombstone.
  ///
  /// - Returns: false, without the call, where the store knows nothing of the key.
  public func copy(
    of key: borrowing StoreKey, now: StoreTime, _ body: (borrowing ScanItem) -> Void
  ) -> Bool {
    self.shard(of: key).withLock { state, _ in
      let entry = state.peek(key, now: now)
      if entry.isNull { return false }
      body(ScanItem(entry, hash: key.hash, in: state.memory, now: now))
      return true
    }
  }

  /// Removes the entry or tombstone under the key if it is not newer than `version`, and leaves no
  /// trace of it.
  ///
  /// - Returns: Whether there was one to remove.
  @discardableResult
  public func forget(_ key: borrowing StoreKey, through version: Version) -> Bool {
    self.shard(of: key).withLock { state, garbage in
      state.forget(key, through: version, &garbage)
    }
  }

  // MARK: Walks

  /// Begins a scan: everything that is in the store now and stays will be seen.
  public func beginScan() -> ScanCursor {
    ScanCursor(starts: self.shards.map { $0.withLock { state, _ in state.beginScan() } })
  }

  /// One step of a scan over the entries and tombstones of some arcs, whatever their number; those that
  /// their policy values most come first.
  ///
  /// - Parameters:
  ///   - body: Called under a shard's lock for each item; maybe not at all in this step, and maybe
  ///     again for an item that an earlier step has seen.
  /// - Returns: Where the next step goes on, or nil when all has been seen.
  public func scan(
    _ arcs: ArcLookup, from cursor: ScanCursor, limits: ScanLimits = ScanLimits(), now: StoreTime,
    _ body: (borrowing ScanItem) -> Void
  ) -> ScanCursor? {
    precondition(cursor.starts.count == self.shards.count, "a cursor belongs to one store")
    var next = cursor
    self.shards[next.shard].withLock { state, _ in
      state.scan(
        arcs, ScanBand.allCases[next.pass], since: next.starts[next.shard], from: &next.bucket,
        limits: limits, now: now, body)
    }
    if next.bucket != 0 { return next }
    next.shard += 1
    if next.shard < self.shards.count { return next }
    next.shard = 0
    next.pass += 1
    return next.pass < ScanBand.allCases.count ? next : nil
  }

  /// One step of forgetting arcs, whatever their number: removes entries and tombstones and leaves no
  /// trace of them.
  ///
  /// - Parameter version: What is newer stays; all goes where none is given.
  /// - Returns: Where the next step goes on, or nil when nothing is left of what was there at the
  ///   start.
  public func drop(
    _ arcs: ArcSet, through version: Version = Version(rawValue: .max),
    from cursor: DropCursor = DropCursor()
  ) -> DropCursor? {
    var next = cursor
    self.shards[next.shard].withLock { state, garbage in
      state.drop(arcs, through: version, from: &next.bucket, &garbage)
    }
    if next.bucket != 0 { return next }
    next.shard += 1
    return next.shard < self.shards.count ? next : nil
  }

  /// One step of looking at all entries: calls `body`, under a shard's lock, with what is known of each
  /// without its bytes. Tombstones are passed over.
  ///
  /// - Returns: Where the next step goes on, or nil when all has been seen that was there at the start.
  public func walk(
    from cursor: WalkCursor, now: StoreTime, _ body: (EntryOutline) -> Void
  ) -> WalkCursor? {
    var next = cursor
    self.shards[next.shard].withLock { state, _ in
      state.walk(from: &next.bucket, now: now, body)
    }
    if next.bucket != 0 { return next }
    next.shard += 1
    return next.shard < self.shards.count ? next : nil
  }

  /// How many bytes there are in all shards, as far as can be told from those buckets that were counted: keys
  /// go to shards and buckets by their hashes, so that what lies in one is like what lies in another.
  public func estimatedBytes(_ counted: ArcUsage) -> Int {
    if counted.isComplete { return counted.bytes }
    let walked = Double(counted.shard) + Double(counted.bucket) / 0x1p64
    return walked == 0 ? 0 : Int(Double(counted.bytes) * Double(self.shards.count) / walked)
  }

  /// One step of counting the entries of some arcs, whatever their number, from where `counted` ends;
  /// done when the result `isComplete`. Tombstones do not count.
  public func usage(
    of arcs: ArcSet, after counted: ArcUsage = ArcUsage(), now: StoreTime
  ) -> ArcUsage {
    precondition(counted.shard < self.shards.count, "a usage that is not complete yet")
    var usage = counted
    self.shards[usage.shard].withLock { state, _ in state.count(arcs, in: &usage, now: now) }
    if usage.bucket == 0 {
      usage.shard += 1
      usage.isComplete = usage.shard == self.shards.count
    }
    return usage
  }
}
