/// What clients ask for. Each method is one locked section.
extension ShardState {
  /// The end of a locked section: an answer, or the wish to run again once the garbage is freed.
  enum Step<Outcome> {
    case done(Outcome)
    case again
  }

  @inline(__always)
  mutating func read(
    _ key: borrowing StoreKey, now: StoreTime, _ garbage: inout Garbage
  ) -> EntryHandle {
    let namespace = Int(key.namespace.rawValue)
    let entry = self.index.find(key, in: self.memory)
    guard !entry.isNull, self.isLive(entry, now: now, &garbage) else {
      self.counters[namespace].misses += 1
      return .null
    }
    self.counters[namespace].hits += 1
    self.use(entry)
    return entry
  }

  mutating func write(
    _ new: borrowing NewEntry, _ key: borrowing StoreKey, condition: WriteCondition,
    now: StoreTime, _ garbage: inout Garbage
  ) -> Step<WriteOutcome> {
    let occupant = self.occupant(of: key, now: now, &garbage)
    if let current = self.refusal(of: condition, by: occupant) {
      return .done(.conditionFailed(current: current))
    }
    return switch self.store(new, key, replacing: occupant, now: now, &garbage) {
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
      let current = self.memory.version(entry)
      guard current == ifVersion else { return .versionMismatch(current: current) }
    }
    let isTracked = self.tracked.contains(key.hash)
    if case .live(let entry) = occupant {
      let version = self.context.clock.next(wallMilliseconds: now.wallMilliseconds)
      self.counters[Int(key.namespace.rawValue)].deletes += 1
      if isTracked {
        self.bury(key, version, replacing: entry, &garbage)
      } else {
        self.unlink(entry, &garbage)
      }
      return .deleted(version)
    }
    // While the arc moves, a copy of what is deleted here may still be on its way.
    if isTracked {
      let version = self.context.clock.next(wallMilliseconds: now.wallMilliseconds)
      self.bury(key, version, replacing: occupant.entry, &garbage)
    }
    return .absent
  }

  mutating func touch(
    _ key: borrowing StoreKey, deadline: UInt64, now: StoreTime, _ garbage: inout Garbage
  ) -> Step<Version?> {
    guard case .live(let entry) = self.occupant(of: key, now: now, &garbage) else {
      return .done(nil)
    }
    let version = self.memory.version(entry)
    switch self.setDeadline(of: entry, key, deadline, &garbage) {
    case .again: return .again
    case .done(let entry):
      if entry.isNull { return .done(nil) }
      self.use(entry)
      return .done(version)
    }
  }

  /// - Parameter newDeadline: Of an entry that this creates.
  mutating func increment(
    _ key: borrowing StoreKey, by delta: Int64, initial: Int64, newDeadline: UInt64,
    now: StoreTime, _ garbage: inout Garbage
  ) -> Step<Result<Incremented, IncrementError>> {
    let occupant = self.occupant(of: key, now: now, &garbage)
    var (base, deadline, flags) = (initial, newDeadline, UInt32(0))
    if case .live(let entry) = occupant {
      guard let number = DecimalNumber(self.memory.value(entry)) else {
        return .done(.failure(.notANumber))
      }
      base = number.value
      deadline = self.memory.deadline(entry)
      flags = self.memory.flags(entry)
    }
    let (sum, overflow) = base.addingReportingOverflow(delta)
    guard !overflow else { return .done(.failure(.overflow)) }
    var step = Step<Version?>.done(nil)
    DecimalNumber(sum).withText { text in
      let number = NewEntry(
        key, number: text, flags: flags, deadline: deadline, in: self.context)
      step = self.store(number, key, replacing: occupant, now: now, &garbage)
    }
    switch step {
    case .done(let version?): return .done(.success(Incremented(value: sum, version: version)))
    case .done(nil): return .done(.failure(.noSpace))
    case .again: return .again
    }
  }

  /// Puts a new entry with a new version in the place of what is there; nil where no room can be
  /// made.
  private mutating func store(
    _ new: borrowing NewEntry, _ key: borrowing StoreKey, replacing occupant: Occupant,
    now: StoreTime, _ garbage: inout Garbage
  ) -> Step<Version?> {
    // Drawn first, for an entry's size depends on it; one that is not used is nothing lost.
    let version = self.context.clock.next(wallMilliseconds: now.wallMilliseconds)
    switch self.place(new, key, version, replacing: occupant.entry, &garbage) {
    case .again: return .again
    case .done(let entry):
      if entry.isNull { return .done(nil) }
      self.counters[Int(key.namespace.rawValue)].writes += 1
      return .done(version)
    }
  }

  /// Makes an entry or tombstone under the key, in the place of `old`; null where no room can be made.
  mutating func place(
    _ new: borrowing NewEntry, _ key: borrowing StoreKey, _ version: Version,
    replacing old: EntryHandle, _ garbage: inout Garbage
  ) -> Step<EntryHandle> {
    let memory = self.memory
    let content = new.content(version)
    let form = memory.form(of: content, key)
    let slotBytes = memory.slotBytes(form, content, key)
    let sizeClass = memory.classes.sizeClass(of: slotBytes)
    if self.canOverwrite(old, form, sizeClass) {
      memory.write(old, form, content, key)
      self.noteDeadline(of: old)
      self.use(old)
      return .done(old)
    }
    self.spared = old
    defer { self.spared = .null }
    let extentBytes = new.extentBytes
    switch self.makeRoom(sizeClass: sizeClass, extentBytes: extentBytes, &garbage) {
    case .tryAgain: return .again
    case .impossible: return .done(.null)
    case .made: break
    }
    // The entry's own reference, which `release` gives to the garbage.
    if let extent = new.extent { _ = Unmanaged.passRetained(extent) }
    let entry = self.link(form, content, key, replacing: self.spared, &garbage)
    self.spared = entry
    self.resizeIndex(&garbage)
    return .done(self.spared)
  }

  /// Whether the old entry's slot serves the new one: neither has an extent, and the class is the same.
  private func canOverwrite(_ old: EntryHandle, _ form: EntryForm, _ sizeClass: Int) -> Bool {
    guard !old.isNull, !form.isBoxed, !form.isTombstone else { return false }
    let oldForm = self.memory.form(old)
    guard !oldForm.isBoxed, !oldForm.isTombstone else { return false }
    return self.memory.classes.sizeClass(of: self.memory.slotBytesNeeded(old)) == sizeClass
  }

  /// Gives the entry another deadline. One that has no room for it moves to another slot; without any
  /// room it goes: null.
  mutating func setDeadline(
    of entry: EntryHandle, _ key: borrowing StoreKey, _ deadline: UInt64,
    _ garbage: inout Garbage
  ) -> Step<EntryHandle> {
    let memory = self.memory
    if memory.canHold(deadline, entry) {
      memory.writeDeadline(entry, deadline)
      self.noteDeadline(of: entry)
      return .done(entry)
    }
    self.spared = entry
    defer { self.spared = .null }
    let sizeClass = memory.classes.sizeClass(
      of: memory.slotBytesNeeded(entry, withDeadline: deadline))
    switch self.makeRoom(sizeClass: sizeClass, extentBytes: 0, &garbage) {
    case .tryAgain: return .again
    case .impossible:
      self.unlink(self.spared, &garbage)
      return .done(.null)
    case .made: return .done(self.move(self.spared, key, deadline, sizeClass))
    }
  }

  /// nil where the condition holds; else the version of the present entry.
  private func refusal(of condition: WriteCondition, by occupant: Occupant) -> Version? {
    var current = Version.none
    if case .live(let entry) = occupant { current = self.memory.version(entry) }
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
