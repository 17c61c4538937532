public import Wire

/// An entry as a read returns it.
@frozen public struct Hit: WireMessage, WireDecodable, ~Escapable {
  /// The value, as it was stored.
  public var value: RawSpan
  /// All the rest.
  public var info: HitInfo

  /// An entry with this value.
  @inlinable
  @_lifetime(copy value)
  public init(value: RawSpan, info: HitInfo) {
    self.value = value
    self.info = info
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(value: RawSpan(), info: HitInfo())
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced.
  @inlinable
  @_lifetime(self: copy self, copy reader)
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.value = try reader.bytes(field)
      case 2: self.info.version = try reader.uint64(field)
      case 3: self.info.ttlMilliseconds = try reader.uint64(field)
      case 4: self.info.flags = try reader.uint32(field)
      case 5: self.info.source = Source(rawValue: try reader.int32(field))
      case 6: self.info.isStale = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    self.info.encodePrefix(valueSize: self.value.byteCount, into: &sink)
    sink.append(bytes: self.value)
    self.info.encodeSuffix(into: &sink)
  }
}
