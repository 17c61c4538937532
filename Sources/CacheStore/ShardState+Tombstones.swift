extension ShardState {
  /// Removes an entry that was not deleted: it expired, or had to make room. In a tracked arc a
  /// tombstone of the same version keeps older copies from taking its place.
  mutating func remove(
    _ entry: EntryReference, sparing spared: EntryReference? = nil, _ garbage: inout Garbage
  ) {
    let isTracked = self.tracked.contains(entry.header.hash)
    self.unlink(entry, &garbage)
    guard isTracked else { return }
    // Rarely done, and small: a block without a value, made under the lock. It takes no more than
    // the entry's own block did, so the budget still holds.
    var tombstone = Reservation(tombstone: entry.key)
    tombstone.entry.header.version = entry.header.version
    self.link(tombstone.take(), replacing: nil, &garbage)
    self.boundTombstones(sparing: spared, &garbage)
  }

  mutating func expire(_ entry: EntryReference, _ garbage: inout Garbage) {
    self.withCounters(of: entry) { $0.expirations += 1 }
    self.remove(entry, &garbage)
  }

  /// Remembers a delete: puts the tombstone in the place of `old`. Without room for it, the floor
  /// remembers in its stead.
  mutating func bury(
    _ reservation: inout Reservation, replacing old: EntryReference?, _ garbage: inout Garbage
  ) {
    let version = reservation.entry.header.version
    let hash = reservation.entry.header.hash
    switch self.makeRoom(for: reservation.chargedBytes, replacing: old, &garbage) {
    case .made:
      let tombstone = reservation.take()
      self.link(tombstone, replacing: old, &garbage)
      self.growTable(sparing: tombstone, &garbage)
      self.boundTombstones(sparing: nil, &garbage)
    case .tryAgain, .impossible:
      if let old { self.unlink(old, &garbage) }
      self.context.floors.raise(at: hash, to: version)
    }
  }

  /// Gives up a tombstone whose time has not come: from now on the floor refuses in its stead, and
  /// some innocent copies with it.
  mutating func dropTombstone(_ tombstone: EntryReference, _ garbage: inout Garbage) {
    self.context.floors.raise(at: tombstone.header.hash, to: tombstone.header.version)
    self.unlink(tombstone, &garbage)
  }

  /// Drops the oldest tombstones that are too many or take too much.
  private mutating func boundTombstones(
    sparing spared: EntryReference?, _ garbage: inout Garbage
  ) {
    while self.tombstoneCount > self.context.tombstonesMax
      || self.tombstoneBytes > self.context.tombstonesMaxBytes
    {
      guard let oldest = self.tombstones.last(sparing: spared) else { return }
      self.dropTombstone(oldest, &garbage)
    }
  }
}
