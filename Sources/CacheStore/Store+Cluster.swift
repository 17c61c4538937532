internal import Synchronization

/// What the cluster stands on: copies of entries from and for other nodes.
extension Store {
  // MARK: Copies from other nodes

  /// Installs a copy of an entry unless the store knows of something newer. Copies may come in any
  /// order and more than once; the newest wins.
  ///
  /// The clock moves past `version`, so the caller first refuses versions too far in the future.
  ///
  /// - Parameter expiry: What was left of the entry's life when the copy was sent.
  public func apply(
    _ key: borrowing StoreKey, value: RawSpan, flags: UInt32, version: Version, expiry: Expiry,
    now: StoreTime
  ) -> ApplyOutcome {
    let shard = self.shard(of: key)
    guard value.byteCount <= self.configuration.valueMaxBytes else { return .valueTooLarge }
    let new = NewEntry(
      key, value: value, flags: flags, deadline: expiry.deadline(from: now), in: shard.context)
    return shard.withLockUntilDone { state, garbage in
      state.startClock(now)
      return state.apply(new, key, version: version, &garbage)
    }
  }

  /// Installs a remembered delete, under the same rules. Outside the tracked arcs a sweep forgets
  /// it again.
  public func applyTombstone(_ key: borrowing StoreKey, version: Version) -> ApplyOutcome {
    let shard = self.shard(of: key)
    let new = NewEntry(tombstone: key, in: shard.context)
    return shard.withLockUntilDone { state, garbage in
      state.apply(new, key, version: version, &garbage)
    }
  }

  // MARK: Tombstones

  /// From now on, what is deleted, evicted or expires in these arcs leaves a tombstone. An arc that
  /// is tracked twice must be untracked twice.
  public func track(_ arcs: [HashArc]) {
    self.updateTracked { $0.insert(arcs) }
  }

  /// Ends one `track` of each of these arcs, when no older copies can be on their way any more.
  /// Sweeps then forget the tombstones; floors that concern no tracked arc are forgotten here.
  public func untrack(_ arcs: [HashArc]) {
    self.updateTracked {
      $0.remove(arcs)
      self.floors.reset(arcs, sparing: $0)
    }
  }

  /// The highest version among tombstones of the arc that were dropped because there were more than
  /// `StoreConfiguration.tombstonesMax`. A copy from another node at or below it must not be
  /// answered where the store itself has nothing under its key: it may have been deleted.
  ///
  /// Floors are kept for 4096 equal parts of the circle; the answer is for all those that the arc
  /// touches.
  public func floor(in arc: HashArc) -> Version {
    self.floors.highest(in: arc)
  }

  private func updateTracked(_ update: (inout TrackedArcs) -> Void) {
    self.tracked.withLock { tracked in
      update(&tracked)
      // Each shard gets the same array, not a copy of it.
      let arcs = tracked
      for shard in self.shards {
        shard.withLock { state, _ in state.tracked = arcs }
      }
    }
  }

  // MARK: Copies for other nodes

  /// Begins a scan: everything that is in the store now and stays will be seen.
  public func beginScan() -> ScanCursor {
    ScanCursor(starts: self.shards.map { $0.withLock { state, _ in state.beginScan() } })
  }

  /// One step of a scan over the entries and tombstones of an arc; those that their policy values
  /// most come first.
  ///
  /// - Parameters:
  ///   - body: Called under a shard's lock for each item; maybe not at all in this step, and maybe
  ///     again for an item that an earlier step has seen.
  /// - Returns: Where the next step goes on, or nil when all has been seen.
  public func scan(
    _ arc: HashArc, from cursor: ScanCursor, limits: ScanLimits = ScanLimits(), now: StoreTime,
    _ body: (borrowing ScanItem) -> Void
  ) -> ScanCursor? {
    precondition(cursor.starts.count == self.shards.count, "a cursor belongs to one store")
    var next = cursor
    self.shards[next.shard].withLock { state, _ in
      state.scan(
        arc, ScanBand.allCases[next.pass], since: next.starts[next.shard], from: &next.bucket,
        limits: limits, now: now, body)
    }
    if next.bucket != 0 { return next }
    next.shard += 1
    if next.shard < self.shards.count { return next }
    next.shard = 0
    next.pass += 1
    return next.pass < ScanBand.allCases.count ? next : nil
  }

  /// One step of forgetting arcs, whatever their number: removes entries and tombstones and leaves no trace of them.
  ///
  /// - Returns: Where the next step goes on, or nil when nothing is left of what was there at the
  ///   start.
  public func drop(_ arcs: ArcSet, from cursor: DropCursor = DropCursor()) -> DropCursor? {
    var next = cursor
    self.shards[next.shard].withLock { state, garbage in
      state.drop(arcs, from: &next.bucket, &garbage)
    }
    if next.bucket != 0 { return next }
    next.shard += 1
    return next.shard < self.shards.count ? next : nil
  }
}
