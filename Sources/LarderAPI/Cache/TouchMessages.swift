public import Wire

/// Sets the expiry of an entry without reading or writing its value.
@frozen public struct TouchRequest: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8. The node refuses an empty one and one above its limit.
  public var key: RawSpan
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan
  /// When the entry is to expire.
  public var expiry: Expiry

  /// A request to give this key another expiry. Both texts must be UTF-8.
  @inlinable
  @_lifetime(copy key, copy namespace)
  public init(key: RawSpan, namespace: RawSpan, expiry: Expiry = .namespaceDefault) {
    self.key = key
    self.namespace = namespace
    self.expiry = expiry
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(key: RawSpan(), namespace: RawSpan())
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = try reader.string(field)
      case 2: self.namespace = try reader.string(field)
      case 3: self.expiry = .after(milliseconds: try reader.uint64(field))
      case 4: self.expiry = Expiry(noExpiry: try reader.bool(field))
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, utf8: self.key)
    sink.string(field: 2, utf8: self.namespace)
    self.expiry.encodeTTL(field: 3, into: &sink)
    self.expiry.encodeNoExpiry(field: 4, into: &sink)
  }
}

/// The answer to a Touch.
@frozen public struct TouchResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// False: there is no such entry.
  public var isFound: Bool
  /// Unchanged by Touch; 0 where there is no entry.
  public var version: UInt64

  /// An answer; by default that there is no such entry.
  @inlinable
  public init(isFound: Bool = false, version: UInt64 = 0) {
    self.isFound = isFound
    self.version = version
  }

  @inlinable
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.isFound = try reader.bool(field)
      case 2: self.version = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bool(field: 1, self.isFound)
    sink.uint64(field: 2, self.version)
  }
}
