/// An entry that is allocated and filled but not yet linked. Freed at the end unless it was taken.
struct Reservation: ~Copyable {
  private var pending: EntryReference?
  /// What the entry will take of the budget.
  let chargedBytes: Int

  /// An entry with a value: in the block, or in an extent where it is above `inlineMaxBytes`.
  init(
    _ key: borrowing StoreKey, value: RawSpan, inlineMaxBytes: Int, pins: PinnedBytes
  ) {
    let entry: EntryReference
    if value.byteCount > inlineMaxBytes {
      entry = EntryReference(
        key, kind: .extent, payloadBytes: MemoryLayout<UnsafeMutableRawPointer>.size)
      entry.setExtent(Extent(copying: value, pins: pins))
    } else {
      entry = EntryReference(key, kind: .inline, payloadBytes: value.byteCount)
      entry.setInlineValue(value)
    }
    self.pending = entry
    self.chargedBytes = entry.chargedBytes
  }

  /// An entry whose value is a number, to be written under the lock.
  init(number key: borrowing StoreKey) {
    let entry = EntryReference(key, kind: .number, payloadBytes: DecimalNumber.maxBytes)
    self.pending = entry
    self.chargedBytes = entry.chargedBytes
  }

  init(tombstone key: borrowing StoreKey) {
    let entry = EntryReference(key, kind: .tombstone, payloadBytes: 0)
    self.pending = entry
    self.chargedBytes = entry.chargedBytes
  }

  deinit {
    self.pending?.free()
  }

  /// The entry, which is not yet taken.
  var entry: EntryReference {
    guard let pending = self.pending else { preconditionFailure("a reservation is linked once") }
    return pending
  }

  /// Hands the entry over to the table.
  mutating func take() -> EntryReference {
    let entry = self.entry
    self.pending = nil
    return entry
  }
}

/// What a locked section unlinked, to be freed after it. Needs no memory of its own: the entries
/// are chained through their headers.
struct Garbage: ~Copyable, Sendable {
  private var first: EntryReference?
  private var retired: Buckets?

  init() {}

  mutating func add(_ entry: EntryReference) {
    entry.header.chainNext = self.first
    self.first = entry
  }

  /// A locked section retires one bucket array at most.
  mutating func add(_ buckets: Buckets) {
    precondition(self.retired == nil, "two bucket arrays retired under one lock")
    self.retired = buckets
  }

  /// Call without any lock held.
  mutating func free() {
    while let entry = self.first {
      self.first = entry.header.chainNext
      entry.free()
    }
    self.retired?.free()
    self.retired = nil
  }
}
