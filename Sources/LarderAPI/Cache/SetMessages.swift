public import Wire

/// Stores an entry, whole.
@frozen public struct SetRequest: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8. The node refuses an empty one and one above its limit.
  public var key: RawSpan
  /// Any bytes, none included.
  public var value: RawSpan
  /// UTF-8. Empty: the default namespace; in SetMany, the batch's.
  public var namespace: RawSpan
  /// When the entry is to expire.
  public var expiry: Expiry
  /// Opaque to the cache; returned by Get.
  public var flags: UInt32
  /// What must hold for the entry to be stored.
  public var condition: Condition
  /// What the write waits for.
  public var durability: Durability

  /// A request to store `value`. Both texts must be UTF-8.
  @inlinable
  @_lifetime(copy key, copy value, copy namespace)
  public init(
    key: RawSpan, value: RawSpan, namespace: RawSpan, expiry: Expiry = .namespaceDefault,
    flags: UInt32 = 0, condition: Condition = .always, durability: Durability = .owner
  ) {
    self.key = key
    self.value = value
    self.namespace = namespace
    self.expiry = expiry
    self.flags = flags
    self.condition = condition
    self.durability = durability
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(key: RawSpan(), value: RawSpan(), namespace: RawSpan())
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = try reader.string(field)
      case 2: self.value = try reader.bytes(field)
      case 3: self.namespace = try reader.string(field)
      case 4: self.expiry = .after(milliseconds: try reader.uint64(field))
      case 5: self.flags = try reader.uint32(field)
      case 6: self.condition = try reader.bool(field) ? .ifAbsent : .always
      case 7: self.condition = try reader.bool(field) ? .ifPresent : .always
      case 8: self.condition = .ifVersion(try reader.uint64(field))
      case 9: self.durability = Durability(rawValue: try reader.int32(field))
      case 10: self.expiry = Expiry(noExpiry: try reader.bool(field))
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, utf8: self.key)
    sink.bytes(field: 2, self.value)
    sink.string(field: 3, utf8: self.namespace)
    self.expiry.encodeTTL(field: 4, into: &sink)
    sink.uint32(field: 5, self.flags)
    switch self.condition {
    case .always: break
    case .ifAbsent: sink.bool(field: 6, true, presence: .explicit)
    case .ifPresent: sink.bool(field: 7, true, presence: .explicit)
    case .ifVersion(let version): sink.uint64(field: 8, version, presence: .explicit)
    }
    sink.int32(field: 9, self.durability.rawValue)
    self.expiry.encodeNoExpiry(field: 10, into: &sink)
  }
}

/// The answer to a Set.
@frozen public struct SetResponse: WriteResponse, Equatable, Sendable {
  /// False: the condition did not hold.
  public var isStored: Bool
  /// Of the entry as it is now; 0 where there is none.
  public var version: UInt64

  /// An answer; by default that the condition did not hold and there is no entry.
  @inlinable
  public init(isStored: Bool = false, version: UInt64 = 0) {
    self.isStored = isStored
    self.version = version
  }

  @inlinable
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    try self.merge(from: reader)
  }

  @inlinable
  public mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.isStored = try reader.bool(field)
      case 2: self.version = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bool(field: 1, self.isStored)
    sink.uint64(field: 2, self.version)
  }
}
