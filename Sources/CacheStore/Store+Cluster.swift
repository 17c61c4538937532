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

  /// From now on, what is deleted, evicted or expires in these arcs leaves a tombstone. What is tracked
  /// twice must be untracked twice, in whatever pieces.
  public func track(_ arcs: ArcSet) {
    self.updateTracked { $0.insert(arcs.ranges) }
  }

  /// Ends one `track` of these arcs, when no older copies can be on their way any more. Sweeps then
  /// forget the tombstones; floors that concern nothing tracked are forgotten here.
  public func untrack(_ arcs: ArcSet) {
    self.updateTracked {
      $0.remove(arcs.ranges)
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

  /// Parts of the circle of hashes that have a floor each.
  public static let floorCells = Floors.cellCount

  /// The floors of all parts of the circle that the arcs touch, but for those that are `.none`: for a
  /// node that takes the arcs over.
  public func floors(in arcs: ArcSet) -> [Floor] { self.floors.all(in: arcs) }

  /// Takes floors over from another node; none goes down. What that node still had of the arcs is
  /// applied before, for its floors would refuse those copies too.
  ///
  /// The clock moves past the versions, so the caller first refuses those too far in the future.
  public func raiseFloors(_ floors: [Floor]) {
    for floor in floors {
      precondition(
        (0..<Self.floorCells).contains(floor.cell), "no such cell: the caller has checked")
      self.clock.observe(floor.version)
      self.floors.raise(floor.cell, to: floor.version)
    }
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
}
