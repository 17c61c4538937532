extension ShardState {
  /// Removes an entry that was not deleted: it expired, or had to make room. In a tracked arc a
  /// tombstone of the same version keeps older copies from taking its place.
  mutating func remove(
    _ entry: EntryHandle, isEvicted: Bool = false, _ garbage: inout Garbage
  ) {
    let tombstone = self.tombstone(for: entry)
    self.withdraw(entry, isEvicted: isEvicted, leaving: tombstone, &garbage)
    if !tombstone.isNull { self.boundTombstones(&garbage) }
  }

  mutating func expire(_ entry: EntryHandle, _ garbage: inout Garbage) {
    self.withCounters(of: entry) { $0.expirations += 1 }
    self.remove(entry, &garbage)
  }

  /// A tombstone for an entry of a tracked arc, in a slot and nowhere else; null for others. Evicts
  /// nothing: where there is no room for it, the floor remembers in its stead.
  private mutating func tombstone(for entry: EntryHandle) -> EntryHandle {
    guard !self.tracked.isEmpty else { return .null }
    let memory = self.memory
    let hash = self.index.hash(of: entry, in: memory)
    guard self.tracked.contains(hash) else { return .null }
    let key = memory.key(entry, hash: hash)
    let new = NewEntry(tombstone: key, in: self.context)
    let content = new.content(memory.version(entry))
    let form = memory.form(of: content, key)
    let sizeClass = memory.classes.sizeClass(of: memory.slotBytes(form, content, key))
    let bytes = self.usedBytes + self.context.pins.current + new.extentBytes
    if !self.slab.hasSlot(sizeClass),
      self.slab.hasWarmPage || bytes + self.slab.pageChargeMax <= self.context.budgetBytes
    {
      self.slab.addPage(sizeClass)
    }
    guard self.slab.hasSlot(sizeClass), new.extentBytes == 0 || bytes <= self.context.budgetBytes
    else {
      self.context.floors.raise(at: hash, to: memory.version(entry))
      return .null
    }
    let tombstone = self.slab.allocate(sizeClass)
    memory.clearHead(tombstone)
    // The entry's own reference, which `release` gives to the garbage.
    if let extent = new.extent { _ = Unmanaged.passRetained(extent) }
    memory.write(tombstone, form, content, key)
    self.stamp(tombstone)
    return tombstone
  }

  /// Remembers a delete: puts a tombstone in the place of `old`. Without room for it, the floor
  /// remembers in its stead.
  mutating func bury(
    _ key: borrowing StoreKey, _ version: Version, replacing old: EntryHandle,
    _ garbage: inout Garbage
  ) {
    // Made under the lock: only now is it known to be needed, and it is small.
    let new = NewEntry(tombstone: key, in: self.context)
    if case .done(let tombstone) = self.place(new, key, version, replacing: old, &garbage),
      !tombstone.isNull
    {
      self.boundTombstones(&garbage)
      return
    }
    // Making room may have moved what was there.
    let present = self.index.find(key, in: self.memory)
    if !present.isNull { self.unlink(present, &garbage) }
    self.context.floors.raise(at: key.hash, to: version)
  }

  /// Removes what is under the key, tombstone or not, if it is not newer than `version`.
  mutating func forget(
    _ key: borrowing StoreKey, through version: Version, _ garbage: inout Garbage
  ) -> Bool {
    let entry = self.index.find(key, in: self.memory)
    guard !entry.isNull, self.memory.version(entry) <= version else { return false }
    self.unlink(entry, &garbage)
    return true
  }

  /// Gives up a tombstone whose time has not come: from now on the floor refuses in its stead, and
  /// some innocent copies with it.
  mutating func dropTombstone(_ tombstone: EntryHandle, _ garbage: inout Garbage) {
    let memory = self.memory
    let hash = self.index.hash(of: tombstone, in: memory)
    self.context.floors.raise(at: hash, to: memory.version(tombstone))
    self.unlink(tombstone, &garbage)
  }

  /// Drops the oldest tombstones that are too many or take too much.
  private mutating func boundTombstones(_ garbage: inout Garbage) {
    while self.tombstones.count > self.context.tombstonesMax
      || self.tombstones.bytes > self.context.tombstonesMaxBytes
    {
      let oldest = self.tombstones.last(sparing: self.spared, in: self.memory)
      if oldest.isNull { return }
      self.dropTombstone(oldest, &garbage)
    }
  }
}
