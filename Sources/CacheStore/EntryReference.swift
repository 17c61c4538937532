internal import Glibc

/// The fixed part of an entry, at the start of its block; the key's and the value's bytes follow.
///
/// ```
///    ┌────────────────┬────────────────┬────────────────┬────────────────┐
///  0 │ chainNext      │ listPrevious   │ listNext       │ hash           │
///    ├────────────────┼────────────────┼───────┬────────┼───────┬────────┤
/// 32 │ version        │ deadline       │ flags │ value  │ shape │ tick   │
///    │                │                │       │ bytes  │       │        │
///    ├────────────────┴────────────────┴───────┴────────┴───────┴────────┤
/// 64 │ key bytes, then: the value's bytes (inline), an unaligned         │
///    │ reference to an Extent (extent), nothing (tombstone), or          │
///    │ 20 bytes of which the value takes the first (number)              │
///    └───────────────────────────────────────────────────────────────────┘
/// ```
///
/// Sixty-four bytes, so that a look-up that compares hash, shape and key touches little more than
/// one cache line.
struct EntryHeader {
  /// The next entry in the bucket; once the entry is garbage, the next garbage.
  var chainNext: EntryReference?
  /// Towards the head of the list that the entry is in: recency, or tombstones by age.
  var listPrevious: EntryReference?
  var listNext: EntryReference?
  let hash: UInt64
  var version: Version
  /// On the monotonic clock, in milliseconds; `Expiry.noDeadline` for none.
  var deadline: UInt64
  var flags: UInt32
  var valueBytes: UInt32
  let shape: EntryShape
  /// The shard's access tick when the entry was last used.
  var tick: UInt32
}

/// Key size, namespace and kind in one word.
///
/// ```
///  31   30 29          17 16               0
/// ┌───────┬──────────────┬──────────────────┐
/// │ kind  │ namespace    │ key bytes        │
/// └───────┴──────────────┴──────────────────┘
/// ```
struct EntryShape: Equatable {
  enum Kind: UInt32 {
    /// The value's bytes follow the key.
    case inline
    /// A reference to an `Extent` follows the key.
    case extent
    /// A remembered delete; nothing follows the key.
    case tombstone
    /// As inline, but the block has room for the text of any number, `DecimalNumber.maxBytes`.
    case number
  }

  private let word: UInt32

  init(kind: Kind, namespace: NamespaceID, keyBytes: Int) {
    self.word = kind.rawValue << 30 | UInt32(namespace.rawValue) << 17 | UInt32(keyBytes)
  }

  var kind: Kind {
    switch self.word >> 30 {
    case 0: .inline
    case 1: .extent
    case 2: .tombstone
    default: .number
    }
  }
  var namespace: NamespaceID { NamespaceID(rawValue: UInt16(self.word >> 17 & 0x1FFF)) }
  var keyBytes: Int { Int(self.word & 0x1_FFFF) }

  func matches(_ key: borrowing StoreKey) -> Bool {
    self.word & 0x3FFF_FFFF
      == UInt32(key.namespace.rawValue) << 17 | UInt32(truncatingIfNeeded: key.bytes.byteCount)
  }
}

/// The name of one entry's block: the only type that reads and writes entry memory.
///
/// Unchecked, because it is a pointer. An entry that is linked is touched only under the lock of
/// its shard; one that is not yet or no longer linked has a single holder (`Reservation`,
/// `Garbage`). Copies are names, not owners: `free` ends them all.
struct EntryReference: Equatable, @unchecked Sendable {
  private let block: UnsafeMutablePointer<EntryHeader>

  /// A block that holds the key and has room for `payloadBytes` more; not linked anywhere.
  init(_ key: borrowing StoreKey, kind: EntryShape.Kind, payloadBytes: Int) {
    let size = MemoryLayout<EntryHeader>.size + key.bytes.byteCount + payloadBytes
    // malloc aligns to 16, more than any field of the header needs, and `size` includes it.
    self.block = MallocBlock.allocate(byteCount: size).bindMemory(
      to: EntryHeader.self, capacity: 1)
    self.block.initialize(
      to: EntryHeader(
        chainNext: nil, listPrevious: nil, listNext: nil, hash: key.hash, version: .none,
        deadline: Expiry.noDeadline, flags: 0, valueBytes: 0,
        shape: EntryShape(
          kind: kind, namespace: key.namespace, keyBytes: key.bytes.byteCount),
        tick: 0))
    let keyStart = UnsafeMutableRawPointer(self.block + 1)
    key.bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      // `size` has room for the key behind the header.
      keyStart.copyMemory(from: source, byteCount: bytes.count)
    }
  }

  var header: EntryHeader {
    get { self.block.pointee }
    nonmutating _modify { yield &self.block.pointee }
  }

  var isTombstone: Bool { self.header.shape.kind == .tombstone }

  func isExpired(_ now: StoreTime) -> Bool { self.header.deadline <= now.monotonicMilliseconds }

  func matches(_ key: borrowing StoreKey) -> Bool {
    guard self.header.hash == key.hash, self.header.shape.matches(key) else { return false }
    let stored = UnsafeRawPointer(self.block + 1)
    return key.bytes.withUnsafeBytes { bytes in
      guard let wanted = bytes.baseAddress else { return true }
      // `shape.matches` has found both keys to have `bytes.count` bytes.
      return memcmp(stored, wanted, bytes.count) == 0
    }
  }

  /// The key, valid while the entry is.
  var key: StoreKey {
    @_lifetime(immortal)
    get {
      // The block holds `keyBytes` bytes behind the header. "Immortal" is more than is true: every
      // user is a method of the shard that uses the view under the lock and lets go of it.
      let span = RawSpan(
        _unsafeStart: UnsafeRawPointer(self.block + 1), byteCount: self.header.shape.keyBytes)
      let bytes = _overrideLifetime(span, copying: ())
      return StoreKey(
        namespace: self.header.shape.namespace, bytes: bytes, hash: self.header.hash)
    }
  }

  /// The value, valid while the entry is; empty for a tombstone.
  var value: RawSpan {
    @_lifetime(immortal)
    get {
      let start: UnsafeRawPointer
      if self.header.shape.kind == .extent {
        start = self.extentReference._withUnsafeGuaranteedRef { UnsafeRawPointer($0.start) }
      } else {
        start = UnsafeRawPointer(self.payload)
      }
      // `valueBytes` bytes were written there when the entry was made; for "immortal" see `key`.
      let span = RawSpan(_unsafeStart: start, byteCount: Int(self.header.valueBytes))
      return _overrideLifetime(span, copying: ())
    }
  }

  /// The extent, with a reference of its own, or nil for a value that lies in the entry.
  var extent: Extent? {
    guard self.header.shape.kind == .extent else { return nil }
    return self.extentReference.takeUnretainedValue()
  }

  /// Writes the value of an inline entry. The block was made with room for it.
  func setInlineValue(_ value: RawSpan) {
    let target = self.payload
    value.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      target.copyMemory(from: source, byteCount: bytes.count)
    }
    self.header.valueBytes = UInt32(value.byteCount)
  }

  /// Gives the entry its extent, with one reference. The block was made with room for it.
  func setExtent(_ extent: Extent) {
    self.payload.storeBytes(
      of: Unmanaged.passRetained(extent).toOpaque(), as: UnsafeMutableRawPointer.self)
    self.header.valueBytes = UInt32(extent.byteCount)
  }

  /// What the entry takes of the budget: its block, and the extent's.
  var chargedBytes: Int {
    let shape = self.header.shape
    let fixedBytes = MemoryLayout<EntryHeader>.size + shape.keyBytes
    switch shape.kind {
    case .inline:
      return MallocBlock.chargedBytes(byteCount: fixedBytes + Int(self.header.valueBytes))
    case .extent:
      return MallocBlock.chargedBytes(
        byteCount: fixedBytes + MemoryLayout<UnsafeMutableRawPointer>.size)
        + self.extentReference._withUnsafeGuaranteedRef { $0.chargedBytes }
    case .tombstone:
      return MallocBlock.chargedBytes(byteCount: fixedBytes)
    case .number:
      return MallocBlock.chargedBytes(byteCount: fixedBytes + DecimalNumber.maxBytes)
    }
  }

  /// The bytes that stay in use after the entry is freed: those of an extent that others hold.
  var pinnedBytes: Int {
    guard self.header.shape.kind == .extent, !self.holdsExtentAlone() else { return 0 }
    return self.extentReference._withUnsafeGuaranteedRef { $0.chargedBytes }
  }

  /// Called as the entry is unlinked: an extent that others hold stays on the budget.
  func orphanPinnedExtent() {
    guard self.header.shape.kind == .extent, !self.holdsExtentAlone() else { return }
    self.extentReference._withUnsafeGuaranteedRef { $0.orphan() }
  }

  /// Ends the entry. Nothing links to it any more.
  func free() {
    if self.header.shape.kind == .extent { self.extentReference.release() }
    Glibc.free(self.block)
  }

  /// Nobody can come to hold the extent meanwhile: new holders take it from here, under the lock.
  private func holdsExtentAlone() -> Bool {
    var extent = self.extentReference.takeRetainedValue()
    let alone = isKnownUniquelyReferenced(&extent)
    _ = Unmanaged.passRetained(extent)
    return alone
  }

  private var extentReference: Unmanaged<Extent> {
    // Only asked of entries of kind extent, to which `setExtent` has written a reference.
    Unmanaged.fromOpaque(self.payload.loadUnaligned(as: UnsafeMutableRawPointer.self))
  }

  private var payload: UnsafeMutableRawPointer {
    // Behind the header and the key, where the block begins to hold the value.
    UnsafeMutableRawPointer(self.block + 1) + self.header.shape.keyBytes
  }
}
