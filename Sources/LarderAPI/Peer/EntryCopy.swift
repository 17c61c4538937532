public import Wire

/// An entry as it travels from node to node.
@frozen public struct EntryCopy: WireMessage, WireDecodable, ~Escapable {
  public var value: RawSpan
  public var version: UInt64
  /// What is left when it is sent, in milliseconds; 0: it does not expire.
  public var ttlMilliseconds: UInt64
  public var flags: UInt32

  @inlinable
  @_lifetime(copy value)
  public init(value: RawSpan, version: UInt64, ttlMilliseconds: UInt64, flags: UInt32) {
    self.value = value
    self.version = version
    self.ttlMilliseconds = ttlMilliseconds
    self.flags = flags
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(value: RawSpan(), version: 0, ttlMilliseconds: 0, flags: 0)
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced.
  @inlinable
  @_lifetime(self: copy self, copy reader)
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.value = try reader.bytes(field)
      case 2: self.version = try reader.uint64(field)
      case 3: self.ttlMilliseconds = try reader.uint64(field)
      case 4: self.flags = try reader.uint32(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.value)
    sink.uint64(field: 2, self.version)
    sink.uint64(field: 3, self.ttlMilliseconds)
    sink.uint32(field: 4, self.flags)
  }

  /// What `encodedSize` of a copy would say whose value has so many bytes.
  ///
  /// - Parameter ttlMilliseconds: 0: it does not expire.
  public static func encodedSize(
    valueBytes: Int, version: UInt64, ttlMilliseconds: UInt64, flags: UInt32
  ) -> Int {
    var counter = SizeCounter()
    counter.bytes(field: 1, count: valueBytes)
    counter.uint64(field: 2, version)
    counter.uint64(field: 3, ttlMilliseconds)
    counter.uint32(field: 4, flags)
    return counter.size
  }
}
