/// What clients ask for. Each method is one locked section.
extension ShardState {
  /// The end of a locked section: an answer, or the wish to run again once the garbage is freed.
  enum Step<Outcome> {
    case done(Outcome)
    case again
  }

  mutating func read(
    _ key: borrowing StoreKey, now: StoreTime, _ garbage: inout Garbage
  ) -> EntryReference? {
    let namespace = Int(key.namespace.rawValue)
    guard case .live(let entry) = self.occupant(of: key, now: now, &garbage) else {
      self.counters[namespace].misses += 1
      return nil
    }
    self.counters[namespace].hits += 1
    self.touch(entry)
    return entry
  }

  mutating func write(
    _ reservation: inout Reservation, _ key: borrowing StoreKey, condition: WriteCondition,
    now: StoreTime, _ garbage: inout Garbage
  ) -> Step<WriteOutcome> {
    let occupant = self.occupant(of: key, now: now, &garbage)
    if let current = Self.refusal(of: condition, by: occupant) {
      return .done(.conditionFailed(current: current))
    }
    return switch self.store(&reservation, replacing: occupant, now: now, &garbage) {
    case .done(let version?): .done(.stored(version))
    case .done(nil): .done(.noSpace)
    case .again: .again
    }
  }

  mutating func delete(
    _ key: borrowing StoreKey, ifVersion: Version?, now: StoreTime, _ garbage: inout Garbage
  ) -> DeleteOutcome {
    let occupant = self.occupant(of: key, now: now, &garbage)
    if let ifVersion {
      guard case .live(let entry) = occupant else { return .absent }
      let current = entry.header.version
      guard current == ifVersion else { return .versionMismatch(current: current) }
    }
    let isTracked = self.tracked.contains(key.hash)
    if case .live(let entry) = occupant {
      let version = self.context.clock.next(wallMilliseconds: now.wallMilliseconds)
      self.counters[Int(key.namespace.rawValue)].deletes += 1
      if isTracked {
        self.leaveTombstone(key, version, replacing: entry, &garbage)
      } else {
        self.unlink(entry, &garbage)
      }
      return .deleted(version)
    }
    // While the arc moves, a copy of what is deleted here may still be on its way.
    if isTracked {
      let version = self.context.clock.next(wallMilliseconds: now.wallMilliseconds)
      self.leaveTombstone(key, version, replacing: occupant.entry, &garbage)
    }
    return .absent
  }

  mutating func touch(
    _ key: borrowing StoreKey, expiry: Expiry, now: StoreTime, _ garbage: inout Garbage
  ) -> Version? {
    guard case .live(let entry) = self.occupant(of: key, now: now, &garbage) else { return nil }
    entry.header.deadline = expiry.deadline(from: now)
    self.touch(entry)
    return entry.header.version
  }

  /// - Parameter reservation: Has room for any number, and the expiry of an entry that is new.
  mutating func increment(
    _ reservation: inout Reservation, _ key: borrowing StoreKey, by delta: Int64, initial: Int64,
    now: StoreTime, _ garbage: inout Garbage
  ) -> Step<Result<Incremented, IncrementError>> {
    let occupant = self.occupant(of: key, now: now, &garbage)
    var base = initial
    if case .live(let entry) = occupant {
      guard let number = DecimalNumber(entry.value) else {
        return .done(.failure(.notANumber))
      }
      base = number.value
      reservation.entry.header.deadline = entry.header.deadline
      reservation.entry.header.flags = entry.header.flags
    }
    let (sum, overflow) = base.addingReportingOverflow(delta)
    guard !overflow else { return .done(.failure(.overflow)) }
    let entry = reservation.entry
    DecimalNumber(sum).withText { entry.setInlineValue($0) }
    switch self.store(&reservation, replacing: occupant, now: now, &garbage) {
    case .done(let version?): return .done(.success(Incremented(value: sum, version: version)))
    case .done(nil): return .done(.failure(.noSpace))
    case .again: return .again
    }
  }

  /// Links the reservation with a new version; nil where no room can be made.
  private mutating func store(
    _ reservation: inout Reservation, replacing occupant: Occupant, now: StoreTime,
    _ garbage: inout Garbage
  ) -> Step<Version?> {
    let old = occupant.entry
    switch self.makeRoom(for: reservation.chargedBytes, replacing: old, &garbage) {
    case .tryAgain: return .again
    case .impossible: return .done(nil)
    case .made: break
    }
    let entry = reservation.take()
    let version = self.context.clock.next(wallMilliseconds: now.wallMilliseconds)
    entry.header.version = version
    self.link(entry, replacing: old, &garbage)
    self.withCounters(of: entry) { $0.writes += 1 }
    self.growTable(sparing: entry, &garbage)
    return .done(version)
  }

  private mutating func leaveTombstone(
    _ key: borrowing StoreKey, _ version: Version, replacing old: EntryReference?,
    _ garbage: inout Garbage
  ) {
    // Made under the lock: only now is it known to be needed, and it is small.
    var tombstone = Reservation(tombstone: key)
    tombstone.entry.header.version = version
    self.bury(&tombstone, replacing: old, &garbage)
  }

  /// nil where the condition holds; else the version of the present entry.
  private static func refusal(of condition: WriteCondition, by occupant: Occupant) -> Version? {
    var current = Version.none
    if case .live(let entry) = occupant { current = entry.header.version }
    let holds =
      switch condition {
      case .none: true
      case .ifAbsent: current == .none
      case .ifPresent: current != .none
      case .ifVersion(let wanted): current != .none && current == wanted
      }
    return holds ? nil : current
  }
}
