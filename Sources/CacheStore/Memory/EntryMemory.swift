/// Where a shard's entries lie: the one type that reads and writes their bytes.
///
/// ```
///     0         4         8                   16    17    18      20              26
///    ┌─────────┬─────────┬───────────────────┬─────┬─────┬───────┬───────────────┐
///    │ previous│ next    │ hash 63...8, form │state│ key │ value │ version       │
///    │         │         │                   │     │bytes│ bytes │               │
///    └─────────┴─────────┴───────────────────┴─────┴─────┴───────┴───────────────┘
/// 26 then, each where the form says so:
///      the version's upper 2 bytes (wide), deadline 4 or (wide) 8, flags 4, namespace 2, the key
///      size's high byte 1
///    and either key bytes and value bytes, or (boxed) an unaligned reference to an `Extent`
/// ```
///
/// Nothing is padded, and little aligned: 26 bytes, and what an entry of its kind needs. The hash's
/// lowest byte is missing; the index has it (see `EntryIndex`). `previous` and `next` link the entry
/// into a list of its policy, or of tombstones.
///
/// A plain value that may be copied: it names memory that its shard owns, and whoever has it holds the
/// shard's lock. Unchecked for that reason, and because it holds a pointer.
struct EntryMemory: @unchecked Sendable {
  /// Where handles count from. Slots lie in `Slab`'s mapping, which lives as long as the shard.
  let base: UnsafeMutableRawPointer
  let classes: SlotClasses
  /// In which versions and deadlines are written.
  var time = EntryTime()

  /// Bytes of the part that every entry has.
  static let fixedBytes = 26

  // Every access below is at an offset within the fixed part of a slot that `Slab` gave out, or
  // behind it within the size that the slot was asked for with.

  @inline(__always)
  func previous(_ entry: EntryHandle) -> EntryHandle {
    EntryHandle(rawValue: self.address(entry).loadUnaligned(as: UInt32.self))
  }

  @inline(__always)
  func setPrevious(_ entry: EntryHandle, _ other: EntryHandle) {
    self.address(entry).storeBytes(of: other.rawValue, as: UInt32.self)
  }

  @inline(__always)
  func next(_ entry: EntryHandle) -> EntryHandle {
    EntryHandle(
      rawValue: self.address(entry).loadUnaligned(fromByteOffset: 4, as: UInt32.self))
  }

  @inline(__always)
  func setNext(_ entry: EntryHandle, _ other: EntryHandle) {
    self.address(entry).storeBytes(of: other.rawValue, toByteOffset: 4, as: UInt32.self)
  }

  func version(_ entry: EntryHandle) -> Version { self.version(entry, self.form(entry)) }

  /// For those who have the form at hand.
  @inline(__always)
  func version(_ entry: EntryHandle, _ form: EntryForm) -> Version {
    let address = self.address(entry)
    if form.isWide {
      return Version(rawValue: address.loadUnaligned(fromByteOffset: 20, as: UInt64.self))
    }
    // The six bytes from 20 on, which may be the last of the slot.
    return self.time.version(address.loadUnaligned(fromByteOffset: 18, as: UInt64.self) >> 16)
  }

  /// The form says how.
  func setVersion(_ entry: EntryHandle, _ version: Version, _ form: EntryForm) {
    let address = self.address(entry)
    if form.isWide {
      address.storeBytes(of: version.rawValue, toByteOffset: 20, as: UInt64.self)
      return
    }
    let narrow = self.time.narrow(version)
    address.storeBytes(of: UInt32(truncatingIfNeeded: narrow), toByteOffset: 20, as: UInt32.self)
    address.storeBytes(of: UInt16(narrow >> 32), toByteOffset: 24, as: UInt16.self)
  }

  /// The hash without its lowest byte, which is 0 here.
  @inline(__always)
  func hash(_ entry: EntryHandle) -> UInt64 { self.hashAndForm(entry) & ~0xFF }

  @inline(__always)
  func form(_ entry: EntryHandle) -> EntryForm {
    EntryForm(rawValue: UInt8(truncatingIfNeeded: self.hashAndForm(entry)))
  }

  @inline(__always)
  func hashAndForm(_ entry: EntryHandle) -> UInt64 {
    self.address(entry).loadUnaligned(fromByteOffset: 8, as: UInt64.self)
  }

  func setHash(_ entry: EntryHandle, _ hash: UInt64, _ form: EntryForm) {
    self.address(entry).storeBytes(
      of: hash & ~0xFF | UInt64(form.rawValue), toByteOffset: 8, as: UInt64.self)
  }

  @inline(__always)
  func state(_ entry: EntryHandle) -> EntryState {
    EntryState(rawValue: self.address(entry).load(fromByteOffset: 16, as: UInt8.self))
  }

  @inline(__always)
  func updateState(_ entry: EntryHandle, _ body: (inout EntryState) -> Void) {
    var state = self.state(entry)
    body(&state)
    self.address(entry).storeBytes(of: state.rawValue, toByteOffset: 16, as: UInt8.self)
  }

  @inline(__always)
  func address(_ entry: EntryHandle) -> UnsafeMutableRawPointer {
    self.base + Int(entry.rawValue) * EntryHandle.stepBytes
  }
}

// MARK: Key, value and what is optional

extension EntryMemory {
  /// Writes the fixed part but for the version, with a state of zero, and the key's size.
  func initialize(
    _ entry: EntryHandle, hash: UInt64, form: EntryForm, keyBytes: Int, valueBytes: Int
  ) {
    self.setPrevious(entry, .null)
    self.setNext(entry, .null)
    self.setHash(entry, hash, form)
    let address = self.address(entry)
    let sizes = UInt32(keyBytes & 0xFF) << 8 | UInt32(valueBytes) << 16
    // State, the key's size and the value's, little-endian as all of the layout.
    address.storeBytes(of: sizes, toByteOffset: 16, as: UInt32.self)
    if form.hasLongKey {
      address.storeBytes(
        of: UInt8(keyBytes >> 8), toByteOffset: self.keyOffset(form) - 1, as: UInt8.self)
    }
  }

  @inline(__always)
  func keyOffset(_ form: EntryForm) -> Int { Self.fixedBytes + form.optionalBytes }

  /// Of an entry whose key and value lie in its slot.
  @inline(__always)
  func keyBytes(_ entry: EntryHandle, _ form: EntryForm) -> Int {
    let address = self.address(entry)
    let low = Int(address.load(fromByteOffset: 17, as: UInt8.self))
    guard form.hasLongKey else { return low }
    return low | Int(address.load(fromByteOffset: self.keyOffset(form) - 1, as: UInt8.self)) << 8
  }

  /// Of an entry whose key and value lie in its slot.
  @inline(__always)
  func valueBytes(_ entry: EntryHandle) -> Int {
    Int(self.address(entry).load(fromByteOffset: 18, as: UInt16.self))
  }

  /// The bytes that the entry needs of its slot.
  @inline(__always)
  func slotBytesNeeded(_ entry: EntryHandle) -> Int {
    let form = self.form(entry)
    let head = self.keyOffset(form)
    if form.isBoxed { return head + MemoryLayout<UnsafeMutableRawPointer>.size }
    let payload = form.kind == .number ? DecimalNumber.maxBytes : self.valueBytes(entry)
    return head + self.keyBytes(entry, form) + payload
  }

  /// Something of each cache line of a small entry behind its first, so that the processor has them at
  /// hand when they are asked for; more than four are fetched ahead by itself.
  @inline(__always)
  func restOfLines(_ entry: EntryHandle) -> UInt64 {
    let (address, end) = (self.address(entry), self.slotBytesNeeded(entry))
    var seen: UInt64 = 0
    var offset = 64
    while offset < end, offset <= 256 {
      // Below `end`, so within the entry's slot.
      seen ^= UInt64(address.load(fromByteOffset: offset, as: UInt8.self))
      offset += 64
    }
    return seen
  }

  /// What the entry takes of the budget: its slot, and its extent.
  @inline(__always)
  func chargedBytes(_ entry: EntryHandle) -> Int {
    self.slotBytes(entry) + self.extentBytes(entry)
  }

  @inline(__always)
  func slotBytes(_ entry: EntryHandle) -> Int {
    self.classes.slotBytes(of: self.classes.sizeClass(of: self.slotBytesNeeded(entry)))
  }
}
