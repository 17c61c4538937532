/// Copies from other nodes. The newer version wins, in whatever order and however often they come.
extension ShardState {
  mutating func apply(
    _ copy: borrowing NewEntry, _ key: borrowing StoreKey, version: Version,
    _ garbage: inout Garbage
  ) -> Step<ApplyOutcome> {
    var present = self.index.find(key, in: self.memory)
    if self.wasFlushed {
      guard version > self.homes[key.namespace].flushedThrough else { return .done(.belowFloor) }
      if !present.isNull, !self.memory.form(present).isTombstone, self.isFlushed(present) {
        self.removeFlushed(present, &garbage)
        present = .null
      }
    }
    if !present.isNull {
      let current = self.memory.version(present)
      if current > version { return .done(.superseded(current: current)) }
      if current == version { return self.keepLaterDeadline(present, key, copy, &garbage) }
    } else if version <= self.context.floors.floor(of: key.hash) {
      return .done(.belowFloor)
    }
    // What is present is newer than any tombstone of this key that was dropped (it would have been
    // refused or removed otherwise), and the copy is newer still: the floor does not concern it.
    self.context.clock.observe(version)
    if copy.kind == .tombstone {
      self.bury(key, version, replacing: present, &garbage)
      return .done(.applied)
    }
    switch self.place(copy, key, version, replacing: present, &garbage) {
    case .again: return .again
    case .done(let entry): return .done(entry.isNull ? .noSpace : .applied)
    }
  }

  /// The same write seen twice, with a touch in between or a journey. The later deadline is the
  /// one choice that comes out the same in every order.
  private mutating func keepLaterDeadline(
    _ present: EntryHandle, _ key: borrowing StoreKey, _ copy: borrowing NewEntry,
    _ garbage: inout Garbage
  ) -> Step<ApplyOutcome> {
    guard !self.memory.form(present).isTombstone, copy.kind != .tombstone,
      copy.deadline > self.memory.deadline(present)
    else { return .done(.alreadyPresent) }
    switch self.setDeadline(of: present, key, copy.deadline, &garbage) {
    case .again: return .again
    case .done: return .done(.alreadyPresent)
    }
  }
}
