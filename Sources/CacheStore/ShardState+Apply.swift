/// Copies from other nodes. The newer version wins, in whatever order and however often they come.
extension ShardState {
  mutating func apply(
    _ reservation: inout Reservation, _ key: borrowing StoreKey, _ garbage: inout Garbage
  ) -> Step<ApplyOutcome> {
    let copy = reservation.entry
    let version = copy.header.version
    let present = self.table.find(key)
    if let present {
      let current = present.header.version
      if current > version { return .done(.superseded(current: current)) }
      if current == version {
        self.keepLaterDeadline(present, copy)
        return .done(.alreadyPresent)
      }
    } else if version <= self.context.floors.floor(of: key.hash) {
      return .done(.belowFloor)
    }
    // What is present is newer than any tombstone of this key that was dropped (it would have been
    // refused or removed otherwise), and the copy is newer still: the floor does not concern it.
    self.context.clock.observe(version)
    if copy.isTombstone {
      self.bury(&reservation, replacing: present, &garbage)
      return .done(.applied)
    }
    switch self.makeRoom(for: reservation.chargedBytes, replacing: present, &garbage) {
    case .made:
      let entry = reservation.take()
      self.link(entry, replacing: present, &garbage)
      self.growTable(sparing: entry, &garbage)
      return .done(.applied)
    case .tryAgain:
      return .again
    case .impossible:
      return .done(.noSpace)
    }
  }

  /// The same write seen twice, with a touch in between or a journey. The later deadline is the
  /// one choice that comes out the same in every order.
  private func keepLaterDeadline(_ present: EntryReference, _ copy: EntryReference) {
    guard !present.isTombstone, !copy.isTombstone else { return }
    present.header.deadline = max(present.header.deadline, copy.header.deadline)
  }
}
