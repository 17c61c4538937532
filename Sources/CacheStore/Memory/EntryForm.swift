/// What an entry consists of, in eight bits.
///
/// ```
///   7        6          5      4  3       2      1 0
/// ┌────────┬──────────┬──────┬──────────┬───────┬──────┐
/// │ longKey│ namespace│ flags│ deadline │ boxed │ kind │
/// └────────┴──────────┴──────┴──────────┴───────┴──────┘
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

  /// How the deadline is written.
  enum DeadlineForm: UInt8 {
    case none
    /// 32 bits of milliseconds since the shard's own beginning of time.
    case short
    /// 64 bits, on the monotonic clock.
    case wide
  }

  let rawValue: UInt8

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(
    kind: Kind, isBoxed: Bool, deadline: DeadlineForm, hasFlags: Bool, hasNamespace: Bool,
    hasLongKey: Bool
  ) {
    var bits = kind.rawValue | deadline.rawValue << 3
    if isBoxed { bits |= 1 << 2 }
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
  var deadlineForm: DeadlineForm {
    switch self.rawValue >> 3 & 3 {
    case 0: .none
    case 1: .short
    default: .wide
    }
  }
  var hasFlags: Bool { self.rawValue & 1 << 5 != 0 }
  var hasNamespace: Bool { self.rawValue & 1 << 6 != 0 }
  /// The key has more than 255 bytes, and one byte more for its size.
  var hasLongKey: Bool { self.rawValue & 1 << 7 != 0 }

  /// Bytes of the parts between the fixed part and the key, in their order.
  var deadlineBytes: Int { Int(self.rawValue >> 3 & 3) * 4 }
  var flagsBytes: Int { Int(self.rawValue >> 5 & 1) * 4 }
  var namespaceBytes: Int { Int(self.rawValue >> 6 & 1) * 2 }
  static let optionalBytesMax = 8 + 4 + 2 + 1
  @inline(__always)
  var optionalBytes: Int {
    // Most entries have nothing but perhaps a deadline.
    if self.rawValue < 1 << 5 { return self.deadlineBytes }
    return self.deadlineBytes + self.flagsBytes + self.namespaceBytes + Int(self.rawValue >> 7)
  }
}
