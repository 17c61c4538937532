internal import Glibc

// What an entry consists of behind its fixed part. Every access is at an offset that the entry's form
// says, within the size that its slot was asked for with (`slotBytesNeeded`).
extension EntryMemory {
  /// What an entry is to hold, but for its key.
  struct Content: ~Escapable {
    var kind: EntryForm.Kind
    var version: Version
    /// On the monotonic clock; `Expiry.noDeadline` for none.
    var deadline: UInt64
    var flags: UInt32
    /// In the slot, unless there is an extent.
    var value: RawSpan
    /// Holds key and value, and comes with a reference of its own that the entry takes over.
    var extent: Unmanaged<Extent>?

    @_lifetime(copy value)
    init(
      kind: EntryForm.Kind, version: Version, deadline: UInt64, flags: UInt32, value: RawSpan,
      extent: Unmanaged<Extent>? = nil
    ) {
      self.kind = kind
      self.version = version
      self.deadline = deadline
      self.flags = flags
      self.value = value
      self.extent = extent
    }
  }

  // MARK: Making an entry

  /// Puts the entry in no list, and gives it no rank.
  func clearHead(_ entry: EntryHandle) {
    self.setPrevious(entry, .null)
    self.setNext(entry, .null)
    self.updateState(entry) { $0 = EntryState(rawValue: 0) }
  }

  /// Gives an entry the place of another in its list; the policy is told.
  func copyRank(from old: EntryHandle, to entry: EntryHandle) {
    self.setPrevious(entry, self.previous(old))
    self.setNext(entry, self.next(old))
    let state = self.state(old)
    self.updateState(entry) { $0 = state }
  }

  /// The bytes of a slot that the entry would need with that deadline.
  func slotBytesNeeded(_ entry: EntryHandle, withDeadline deadline: UInt64) -> Int {
    let form = self.form(entry)
    let isWide = self.isWide(self.version(entry, form), deadline)
    let other = form.with(hasDeadline: deadline != Expiry.noDeadline, isWide: isWide)
    return self.slotBytesNeeded(entry) - form.timeBytes + other.timeBytes
  }

  func form(of content: borrowing Content, _ key: borrowing StoreKey) -> EntryForm {
    let isBoxed = content.extent != nil
    return EntryForm(
      kind: content.kind, isBoxed: isBoxed, hasDeadline: content.deadline != Expiry.noDeadline,
      isWide: self.isWide(content.version, content.deadline), hasFlags: content.flags != 0,
      hasNamespace: key.namespace.rawValue != 0,
      hasLongKey: !isBoxed && key.bytes.byteCount > 0xFF)
  }

  /// The bytes of a slot that an entry needs.
  func slotBytes(
    _ form: EntryForm, _ content: borrowing Content, _ key: borrowing StoreKey
  ) -> Int {
    let head = Self.fixedBytes + form.optionalBytes
    if form.isBoxed { return head + MemoryLayout<UnsafeMutableRawPointer>.size }
    let payload = form.kind == .number ? DecimalNumber.maxBytes : content.value.byteCount
    return head + key.bytes.byteCount + payload
  }

  /// Writes all of an entry but its links and state, which stay.
  func write(
    _ entry: EntryHandle, _ form: EntryForm, _ content: borrowing Content,
    _ key: borrowing StoreKey
  ) {
    let keyBytes = form.isBoxed ? 0 : key.bytes.byteCount
    let valueBytes = form.isBoxed ? 0 : content.value.byteCount
    self.setHash(entry, key.hash, form)
    let address = self.address(entry)
    address.storeBytes(of: UInt8(keyBytes & 0xFF), toByteOffset: 17, as: UInt8.self)
    address.storeBytes(of: UInt16(valueBytes), toByteOffset: 18, as: UInt16.self)
    self.setVersion(entry, content.version, form)
    self.writeDeadline(entry, content.deadline)
    var offset = Self.fixedBytes + form.timeBytes
    if form.hasFlags {
      address.storeBytes(of: content.flags, toByteOffset: offset, as: UInt32.self)
      offset += 4
    }
    if form.hasNamespace {
      address.storeBytes(of: key.namespace.rawValue, toByteOffset: offset, as: UInt16.self)
      offset += 2
    }
    if form.hasLongKey {
      address.storeBytes(of: UInt8(keyBytes >> 8), toByteOffset: offset, as: UInt8.self)
      offset += 1
    }
    if let extent = content.extent {
      address.storeBytes(
        of: extent.toOpaque(), toByteOffset: offset, as: UnsafeMutableRawPointer.self)
      return
    }
    key.bytes.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      (address + offset).copyMemory(from: source, byteCount: bytes.count)
    }
    content.value.withUnsafeBytes { bytes in
      guard let source = bytes.baseAddress else { return }
      (address + offset + keyBytes).copyMemory(from: source, byteCount: bytes.count)
    }
  }

  // MARK: Deadline

  private func isWide(_ version: Version, _ deadline: UInt64) -> Bool {
    !self.time.fits(version) || !self.time.fits(deadline: deadline)
  }

  /// A deadline that the entry can hold.
  func writeDeadline(_ entry: EntryHandle, _ deadline: UInt64) {
    let form = self.form(entry)
    guard form.hasDeadline else { return }
    let address = self.address(entry)
    let offset = Self.fixedBytes + form.versionBytes
    if form.isWide {
      address.storeBytes(of: deadline, toByteOffset: offset, as: UInt64.self)
    } else {
      address.storeBytes(
        of: self.time.narrow(deadline: deadline), toByteOffset: offset, as: UInt32.self)
    }
  }

  /// Whether the entry has room for the deadline as it is. It has for none at all.
  func canHold(_ deadline: UInt64, _ entry: EntryHandle) -> Bool {
    if deadline == Expiry.noDeadline { return true }
    let form = self.form(entry)
    return form.hasDeadline && (form.isWide || self.time.fits(deadline: deadline))
  }

  func deadline(_ entry: EntryHandle) -> UInt64 { self.deadline(entry, self.form(entry)) }

  /// For those who have the form at hand.
  @inline(__always)
  func deadline(_ entry: EntryHandle, _ form: EntryForm) -> UInt64 {
    guard form.hasDeadline else { return Expiry.noDeadline }
    let address = self.address(entry) + Self.fixedBytes
    if form.isWide {
      return address.loadUnaligned(fromByteOffset: form.versionBytes, as: UInt64.self)
    }
    return self.time.deadline(address.loadUnaligned(as: UInt32.self))
  }

  func isExpired(_ entry: EntryHandle, _ now: StoreTime) -> Bool {
    self.deadline(entry) <= now.monotonicMilliseconds
  }

  // MARK: The other parts

  func flags(_ entry: EntryHandle) -> UInt32 { self.flags(entry, self.form(entry)) }

  @inline(__always)
  func flags(_ entry: EntryHandle, _ form: EntryForm) -> UInt32 {
    guard form.hasFlags else { return 0 }
    return self.address(entry).loadUnaligned(
      fromByteOffset: Self.fixedBytes + form.timeBytes, as: UInt32.self)
  }

  func namespace(_ entry: EntryHandle) -> NamespaceID {
    let form = self.form(entry)
    guard form.hasNamespace else { return .default }
    return NamespaceID(
      rawValue: self.address(entry).loadUnaligned(
        fromByteOffset: Self.fixedBytes + form.timeBytes + form.flagsBytes, as: UInt16.self))
  }

  @inline(__always)
  func matches(_ entry: EntryHandle, _ key: borrowing StoreKey) -> Bool {
    let word = self.hashAndForm(entry)
    // The tag has compared the lowest byte.
    guard (word ^ key.hash) & ~0xFF == 0 else { return false }
    let form = EntryForm(rawValue: UInt8(truncatingIfNeeded: word))
    let (start, count) = self.keyStart(entry, form)
    guard count == key.bytes.byteCount else { return false }
    if form.hasNamespace {
      guard self.namespace(entry).rawValue == key.namespace.rawValue else { return false }
    } else {
      guard key.namespace.rawValue == 0 else { return false }
    }
    return key.bytes.withUnsafeBytes { bytes in
      guard let wanted = bytes.baseAddress else { return true }
      return memcmp(start, wanted, count) == 0
    }
  }

  /// The key, valid while the entry is.
  @_lifetime(immortal)
  func key(_ entry: EntryHandle, hash: UInt64) -> StoreKey {
    let (start, count) = self.keyStart(entry, self.form(entry))
    // `keyStart` says where the key is. "Immortal" is more than is true: every user is a method of the
    // shard that uses the view under the lock and lets go of it.
    let span = RawSpan(_unsafeStart: start, byteCount: count)
    return StoreKey(
      namespace: self.namespace(entry), bytes: _overrideLifetime(span, copying: ()), hash: hash)
  }

  /// The value, valid while the entry is; empty for a tombstone.
  @_lifetime(immortal)
  func value(_ entry: EntryHandle) -> RawSpan { self.value(entry, self.form(entry)) }

  @inline(__always)
  @_lifetime(immortal)
  func value(_ entry: EntryHandle, _ form: EntryForm) -> RawSpan {
    let start: UnsafeRawPointer
    let count: Int
    if form.isBoxed {
      (start, count) = self.extentReference(entry)._withUnsafeGuaranteedRef {
        ($0.valueStart, $0.byteCount)
      }
    } else {
      let offset = self.keyOffset(form) + self.keyBytes(entry, form)
      start = UnsafeRawPointer(self.address(entry) + offset)
      count = self.valueBytes(entry)
    }
    // For "immortal" see `key`.
    let span = RawSpan(_unsafeStart: start, byteCount: count)
    return _overrideLifetime(span, copying: ())
  }

  /// Key and value, in bytes.
  func contentBytes(_ entry: EntryHandle) -> Int {
    self.keyStart(entry, self.form(entry)).count + self.value(entry).byteCount
  }

  @inline(__always)
  private func keyStart(
    _ entry: EntryHandle, _ form: EntryForm
  ) -> (start: UnsafeRawPointer, count: Int) {
    if form.isBoxed {
      return self.extentReference(entry)._withUnsafeGuaranteedRef { ($0.keyStart, $0.keyBytes) }
    }
    let start = UnsafeRawPointer(self.address(entry)) + self.keyOffset(form)
    return (start, self.keyBytes(entry, form))
  }

  // MARK: Extents

  /// Only asked of boxed entries, to which `write` has given a reference.
  func extentReference(_ entry: EntryHandle) -> Unmanaged<Extent> {
    Unmanaged.fromOpaque(
      self.address(entry).loadUnaligned(
        fromByteOffset: self.keyOffset(self.form(entry)), as: UnsafeMutableRawPointer.self))
  }

  /// The extent, without a reference of its own, where readers may have it.
  @inline(__always)
  func sharedExtent(_ entry: EntryHandle, _ form: EntryForm) -> Unmanaged<Extent>? {
    guard form.isBoxed else { return nil }
    let extent = self.extentReference(entry)
    return extent._withUnsafeGuaranteedRef({ $0.isShared }) ? extent : nil
  }

  /// What the entry's extent takes of the budget.
  func extentBytes(_ entry: EntryHandle) -> Int {
    guard self.form(entry).isBoxed else { return 0 }
    return self.extentReference(entry)._withUnsafeGuaranteedRef { $0.chargedBytes }
  }

  /// Of those, what stays in use after the entry is gone, because others hold the extent.
  func pinnedBytes(_ entry: EntryHandle) -> Int {
    guard self.form(entry).isBoxed else { return 0 }
    let reference = self.extentReference(entry)
    // Nobody can come to hold the extent meanwhile: new holders take it from here, under the lock.
    var extent = reference.takeRetainedValue()
    let alone = isKnownUniquelyReferenced(&extent)
    _ = Unmanaged.passRetained(extent)
    return alone ? 0 : reference._withUnsafeGuaranteedRef { $0.chargedBytes }
  }
}
