/// Where a shard's entries lie: the one type that reads and writes their bytes.
///
/// ```
///     0         4         8                   16                  24    25    26      28
///    ┌─────────┬─────────┬───────────────────┬───────────────────┬─────┬─────┬───────┐
///    │ previous│ next    │ version           │ hash 63...8, form │state│ key │ value │
///    │         │         │                   │                   │     │bytes│ bytes │
///    └─────────┴─────────┴───────────────────┴───────────────────┴─────┴─────┴───────┘
/// 28 then, each where the form says so:
///      deadline 4 or 8, flags 4, namespace 2, the key size's high byte 1
///    and either key bytes and value bytes, or (boxed) an unaligned reference to an `Extent`
/// ```
///
/// Nothing is padded: 28 bytes, and what an entry of its kind needs. The hash's lowest byte is
/// missing; the index has it (see `EntryIndex`). `previous` and `next` link the entry into a list of
/// its policy, or of tombstones.
///
/// A plain value that may be copied: it names memory that its shard owns, and whoever has it holds the
/// shard's lock. Unchecked for that reason, and because it holds a pointer.
struct EntryMemory: @unchecked Sendable {
  /// Where handles count from. Slots lie in `Slab`'s mapping, which lives as long as the shard.
  let base: UnsafeMutableRawPointer
  let classes: SlotClasses
  /// The beginning of time for short deadlines, in milliseconds of the monotonic clock.
  var epochMilliseconds: UInt64 = 0

  /// Bytes of the part that every entry has.
  static let fixedBytes = 28

  // Every access below is at an offset within the fixed part of a slot that `Slab` gave out, or
  // behind it within the size that the slot was asked for with.

  @inline(__always)
  func previous(_ entry: EntryHandle) -> EntryHandle {
    EntryHandle(rawValue: self.address(entry).load(as: UInt32.self))
  }

  @inline(__always)
  func setPrevious(_ entry: EntryHandle, _ other: EntryHandle) {
    self.address(entry).storeBytes(of: other.rawValue, as: UInt32.self)
  }

  @inline(__always)
  func next(_ entry: EntryHandle) -> EntryHandle {
    EntryHandle(rawValue: self.address(entry).load(fromByteOffset: 4, as: UInt32.self))
  }

  @inline(__always)
  func setNext(_ entry: EntryHandle, _ other: EntryHandle) {
    self.address(entry).storeBytes(of: other.rawValue, toByteOffset: 4, as: UInt32.self)
  }

  @inline(__always)
  func version(_ entry: EntryHandle) -> Version {
    Version(rawValue: self.address(entry).loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }

  @inline(__always)
  func setVersion(_ entry: EntryHandle, _ version: Version) {
    self.address(entry).storeBytes(of: version.rawValue, toByteOffset: 8, as: UInt64.self)
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
    self.address(entry).loadUnaligned(fromByteOffset: 16, as: UInt64.self)
  }

  func setHash(_ entry: EntryHandle, _ hash: UInt64, _ form: EntryForm) {
    self.address(entry).storeBytes(
      of: hash & ~0xFF | UInt64(form.rawValue), toByteOffset: 16, as: UInt64.self)
  }

  @inline(__always)
  func state(_ entry: EntryHandle) -> EntryState {
    EntryState(rawValue: self.address(entry).load(fromByteOffset: 24, as: UInt8.self))
  }

  @inline(__always)
  func updateState(_ entry: EntryHandle, _ body: (inout EntryState) -> Void) {
    var state = self.state(entry)
    body(&state)
    self.address(entry).storeBytes(of: state.rawValue, toByteOffset: 24, as: UInt8.self)
  }

  @inline(__always)
  func address(_ entry: EntryHandle) -> UnsafeMutableRawPointer {
    self.base + Int(entry.rawValue) * 4
  }
}

// MARK: Key, value and what is optional

extension EntryMemory {
  /// Writes the fixed part, with a version of none and a state of zero, and the key's size.
  func initialize(
    _ entry: EntryHandle, hash: UInt64, form: EntryForm, keyBytes: Int, valueBytes: Int
  ) {
    self.setPrevious(entry, .null)
    self.setNext(entry, .null)
    self.setVersion(entry, .none)
    self.setHash(entry, hash, form)
    let address = self.address(entry)
    let sizes = UInt32(keyBytes & 0xFF) << 8 | UInt32(valueBytes) << 16
    // State, the key's size and the value's, little-endian as all of the layout.
    address.storeBytes(of: sizes, toByteOffset: 24, as: UInt32.self)
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
    let low = Int(address.load(fromByteOffset: 25, as: UInt8.self))
    guard form.hasLongKey else { return low }
    return low | Int(address.load(fromByteOffset: self.keyOffset(form) - 1, as: UInt8.self)) << 8
  }

  /// Of an entry whose key and value lie in its slot.
  @inline(__always)
  func valueBytes(_ entry: EntryHandle) -> Int {
    Int(self.address(entry).load(fromByteOffset: 26, as: UInt16.self))
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
