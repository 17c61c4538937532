/// What an entry consists of, in eight bits.
///
/// ```
///   7        6          5      4      3          2       1 0
/// ┌────────┬──────────┬──────┬──────┬──────────┬───────┬──────┐
/// │ longKey│ namespace│ flags│ wide │ deadline │ boxed │ kind │
/// └────────┴──────────┴──────┴──────┴──────────┴───────┴──────┘
/// ```
struct EntryForm: Equatable, Sendable {
  enum Kind: UInt8 {
    /// Not an entry: a slot that is not in use.
    case free
    case value
    /// A value whose slot has room for the text of any number, `DecimalNumber.maxBytes`.
    case number
    /// A remembered delete: no value.
    case tombstone
  }

  let rawValue: UInt8

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(
    kind: Kind, isBoxed: Bool, hasDeadline: Bool, isWide: Bool, hasFlags: Bool,
    hasNamespace: Bool, hasLongKey: Bool
  ) {
    var bits = kind.rawValue
    if isBoxed { bits |= 1 << 2 }
    if hasDeadline { bits |= 1 << 3 }
    if isWide { bits |= 1 << 4 }
    if hasFlags { bits |= 1 << 5 }
    if hasNamespace { bits |= 1 << 6 }
    if hasLongKey { bits |= 1 << 7 }
    self.rawValue = bits
  }

  var kind: Kind {
    switch self.rawValue & 3 {
    case 0: .free
    case 1: .value
    case 2: .number
    default: .tombstone
    }
  }
  var isFree: Bool { self.rawValue & 3 == 0 }
  var isTombstone: Bool { self.rawValue & 3 == 3 }
  /// Key and value lie in a block of their own, an `Extent`.
  var isBoxed: Bool { self.rawValue & 1 << 2 != 0 }
  var hasDeadline: Bool { self.rawValue & 1 << 3 != 0 }
  /// Version and deadline are written in full: 64 bits each. Else the version has 48 bits and the
  /// deadline 32, both from the shard's beginning of time on; see `EntryTime`.
  var isWide: Bool { self.rawValue & 1 << 4 != 0 }
  var hasFlags: Bool { self.rawValue & 1 << 5 != 0 }
  var hasNamespace: Bool { self.rawValue & 1 << 6 != 0 }
  /// The key has more than 255 bytes, and one byte more for its size.
  var hasLongKey: Bool { self.rawValue & 1 << 7 != 0 }

  /// Bytes of the parts between the fixed part and the key, in their order.
  var versionBytes: Int { Int(self.rawValue >> 4 & 1) * 2 }
  var deadlineBytes: Int { Int(self.rawValue >> 3 & 1) * (self.isWide ? 8 : 4) }
  var flagsBytes: Int { Int(self.rawValue >> 5 & 1) * 4 }
  var namespaceBytes: Int { Int(self.rawValue >> 6 & 1) * 2 }
  static let optionalBytesMax = 2 + 8 + 4 + 2 + 1
  @inline(__always)
  var optionalBytes: Int {
    // Most entries have nothing but perhaps a deadline.
    if self.rawValue < 1 << 4 { return Int(self.rawValue >> 3) * 4 }
    return self.timeBytes + self.flagsBytes + self.namespaceBytes + Int(self.rawValue >> 7)
  }
  var timeBytes: Int { self.versionBytes + self.deadlineBytes }

  /// The same but for how version and deadline are written.
  func with(hasDeadline: Bool, isWide: Bool) -> Self {
    let others = self.rawValue & ~(3 << 3)
    return Self(rawValue: others | (hasDeadline ? 1 << 3 : 0) | (isWide ? 1 << 4 : 0))
  }
}
