/// What a writer brings: all of an entry but key and version, made before the lock is taken.
struct NewEntry: ~Escapable {
  let kind: EntryForm.Kind
  let value: RawSpan
  let flags: UInt32
  /// On the monotonic clock; `Expiry.noDeadline` for none.
  let deadline: UInt64
  /// Holds key and value where they do not fit into a slot, or the value is to be shared.
  let extent: Extent?

  @_lifetime(copy value)
  init(kind: EntryForm.Kind, value: RawSpan, flags: UInt32, deadline: UInt64, extent: Extent?) {
    self.kind = kind
    self.value = value
    self.flags = flags
    self.deadline = deadline
    self.extent = extent
  }

  /// A value, copied into an extent where it must be.
  @_lifetime(copy value)
  init(
    _ key: borrowing StoreKey, value: RawSpan, flags: UInt32, deadline: UInt64,
    in shard: ShardContext
  ) {
    let isShared = value.byteCount > shard.inlineValueMaxBytes
    let fits = shard.classes.fitsSlot(
      keyBytes: key.bytes.byteCount, valueBytes: value.byteCount)
    self.init(
      kind: .value, value: value, flags: flags, deadline: deadline,
      extent: fits && !isShared
        ? nil : Extent(key, value: value, isShared: isShared, in: shard))
  }

  /// A number of so many digits.
  @_lifetime(copy text)
  init(
    _ key: borrowing StoreKey, number text: RawSpan, flags: UInt32, deadline: UInt64,
    in shard: ShardContext
  ) {
    let fits = shard.classes.fitsSlot(
      keyBytes: key.bytes.byteCount, valueBytes: DecimalNumber.maxBytes)
    self.init(
      kind: .number, value: text, flags: flags, deadline: deadline,
      extent: fits ? nil : Extent(key, value: text, isShared: false, in: shard))
  }

  @_lifetime(immortal)
  init(tombstone key: borrowing StoreKey, in shard: ShardContext) {
    let none = RawSpan()
    let fits = shard.classes.fitsSlot(keyBytes: key.bytes.byteCount, valueBytes: 0)
    self.init(
      kind: .tombstone, value: none, flags: 0, deadline: Expiry.noDeadline,
      extent: fits ? nil : Extent(key, value: none, isShared: false, in: shard))
  }

  /// As `EntryMemory` writes it. An entry that is made of it takes a reference to the extent.
  @_lifetime(copy self)
  func content(_ version: Version) -> EntryMemory.Content {
    EntryMemory.Content(
      kind: self.kind, version: version, deadline: self.deadline, flags: self.flags,
      value: self.value, extent: self.extent.map { Unmanaged.passUnretained($0) })
  }

  var extentBytes: Int { self.extent?.chargedBytes ?? 0 }
}
