public import Wire

/// Removes an entry.
@frozen public struct DeleteRequest: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8. The node refuses an empty one and one above its limit.
  public var key: RawSpan
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan
  /// Only this version. 0: any.
  public var ifVersion: UInt64

  /// A request to remove this key. Both texts must be UTF-8.
  @inlinable
  @_lifetime(copy key, copy namespace)
  public init(key: RawSpan, namespace: RawSpan, ifVersion: UInt64 = 0) {
    self.key = key
    self.namespace = namespace
    self.ifVersion = ifVersion
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(key: RawSpan(), namespace: RawSpan())
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = try reader.string(field)
      case 2: self.namespace = try reader.string(field)
      case 3: self.ifVersion = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, utf8: self.key)
    sink.string(field: 2, utf8: self.namespace)
    sink.uint64(field: 3, self.ifVersion)
  }
}

/// The answer to a Delete.
@frozen public struct DeleteResponse: WriteResponse, Equatable, Sendable {
  /// False: there was no such entry, or its version was another.
  public var isDeleted: Bool
  /// Of the delete itself; where nothing was deleted, of the entry as it is now, or 0.
  public var version: UInt64

  /// An answer; by default that there was no such entry.
  @inlinable
  public init(isDeleted: Bool = false, version: UInt64 = 0) {
    self.isDeleted = isDeleted
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
      case 1: self.isDeleted = try reader.bool(field)
      case 2: self.version = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bool(field: 1, self.isDeleted)
    sink.uint64(field: 2, self.version)
  }
}
