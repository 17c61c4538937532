internal import CacheStore

/// One entry in a snapshot: a view of somebody else's bytes.
///
/// ```
///  0              8              16       20       24       28    30    32
/// ┌──────────────┬──────────────┬────────┬────────┬────────┬─────┬─────┬───────────┬─────┬───────┐
/// │ version      │ end          │ flags  │ value  │ key    │ name│ 0   │ name of   │ key │ value │
/// │              │              │        │ bytes  │ bytes  │bytes│     │ namespace │     │       │
/// └──────────────┴──────────────┴────────┴────────┴────────┴─────┴─────┴───────────┴─────┴───────┘
///  end    of the entry's life, in milliseconds since 1970 UTC; all ones: never
///  name   of the namespace; empty: the default one
/// ```
struct SnapshotRecord: ~Escapable {
  var head: Head
  let namespace: RawSpan
  let key: RawSpan
  let value: RawSpan

  /// What does not point anywhere.
  struct Head: Equatable, Sendable {
    var version: Version
    var flags: UInt32
    /// In milliseconds since 1970 UTC; `never`.
    var endMilliseconds: UInt64

    static let never = UInt64.max

    init(version: Version, flags: UInt32, endMilliseconds: UInt64) {
      self.version = version
      self.flags = flags
      self.endMilliseconds = endMilliseconds
    }

    init(version: Version, flags: UInt32, expiry: Expiry, now: StoreTime) {
      self.version = version
      self.flags = flags
      switch expiry {
      case .never: self.endMilliseconds = Self.never
      case .after(let milliseconds):
        let end = now.wallMilliseconds.addingReportingOverflow(milliseconds)
        self.endMilliseconds = end.overflow ? Self.never : end.partialValue
      }
    }

    /// What is left of the entry's life; nil: nothing is.
    func expiry(now: StoreTime) -> Expiry? {
      if self.endMilliseconds == Self.never { return .never }
      guard self.endMilliseconds > now.wallMilliseconds else { return nil }
      return .after(milliseconds: self.endMilliseconds - now.wallMilliseconds)
    }
  }

  static let fixedBytes = 32

  @_lifetime(copy namespace, copy key, copy value)
  init(head: Head, namespace: RawSpan, key: RawSpan, value: RawSpan) {
    self.head = head
    self.namespace = namespace
    self.key = key
    self.value = value
  }
}

/// The records of one payload, in their order.
struct SnapshotRecords: ~Escapable {
  private let payload: RawSpan
  private var offset = 0

  @_lifetime(copy payload)
  init(_ payload: RawSpan) { self.payload = payload }

  var isAtEnd: Bool { self.offset == self.payload.byteCount }

  /// The next record; nil at the end, and where what follows is none.
  @_lifetime(copy self)
  mutating func next() -> SnapshotRecord? {
    let left = self.payload.byteCount - self.offset
    guard left >= SnapshotRecord.fixedBytes else { return nil }
    let start = self.offset
    let valueBytes = Int(self.payload.littleEndian(UInt32.self, at: start + 20))
    let keyBytes = Int(self.payload.littleEndian(UInt32.self, at: start + 24))
    let nameBytes = Int(self.payload.littleEndian(UInt16.self, at: start + 28))
    let first = start + SnapshotRecord.fixedBytes
    // Cannot overflow: numbers of 32 and 16 bits in 64.
    let end = first + nameBytes + keyBytes + valueBytes
    guard end <= self.payload.byteCount, (1...StoreConfiguration.keyMaxBytes).contains(keyBytes)
    else { return nil }
    self.offset = end
    let key = first + nameBytes
    return SnapshotRecord(
      head: SnapshotRecord.Head(
        version: Version(rawValue: self.payload.littleEndian(UInt64.self, at: start)),
        flags: self.payload.littleEndian(UInt32.self, at: start + 16),
        endMilliseconds: self.payload.littleEndian(UInt64.self, at: start + 8)),
      namespace: self.payload.extracting(first..<key),
      key: self.payload.extracting(key..<key + keyBytes),
      value: self.payload.extracting(key + keyBytes..<end))
  }
}
