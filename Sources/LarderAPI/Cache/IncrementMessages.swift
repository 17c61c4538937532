public import Wire

/// Adds to an entry whose value is a decimal number.
@frozen public struct IncrementRequest: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8. The node refuses an empty one and one above its limit.
  public var key: RawSpan
  /// Added to the value; may be negative.
  public var delta: Int64
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan
  /// The value that an absent entry is taken to have before `delta` is added.
  public var initial: Int64
  /// For an entry that the call creates; a present one keeps its own.
  public var expiry: Expiry

  /// A request to add `delta`. Both texts must be UTF-8.
  @inlinable
  @_lifetime(copy key, copy namespace)
  public init(
    key: RawSpan, delta: Int64, namespace: RawSpan, initial: Int64 = 0,
    expiry: Expiry = .namespaceDefault
  ) {
    self.key = key
    self.delta = delta
    self.namespace = namespace
    self.initial = initial
    self.expiry = expiry
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(key: RawSpan(), delta: 0, namespace: RawSpan())
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = try reader.string(field)
      case 2: self.delta = try reader.sint64(field)
      case 3: self.namespace = try reader.string(field)
      case 4: self.initial = try reader.int64(field)
      case 5: self.expiry = .after(milliseconds: try reader.uint64(field))
      case 6: self.expiry = Expiry(noExpiry: try reader.bool(field))
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, utf8: self.key)
    sink.sint64(field: 2, self.delta)
    sink.string(field: 3, utf8: self.namespace)
    sink.int64(field: 4, self.initial)
    self.expiry.encodeTTL(field: 5, into: &sink)
    self.expiry.encodeNoExpiry(field: 6, into: &sink)
  }
}

/// The answer to an Increment.
@frozen public struct IncrementResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// After the addition.
  public var value: Int64
  /// Of the entry as it is now.
  public var version: UInt64

  /// An answer with the value and the version after the addition.
  @inlinable
  public init(value: Int64 = 0, version: UInt64 = 0) {
    self.value = value
    self.version = version
  }

  @inlinable
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.value = try reader.int64(field)
      case 2: self.version = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.value)
    sink.uint64(field: 2, self.version)
  }
}
