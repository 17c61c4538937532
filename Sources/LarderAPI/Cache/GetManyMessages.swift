public import Wire

/// Asks for many entries at once.
///
/// Read, this is a view over the request's bytes. Written, a request is either such a view again (a
/// forward) or a key at a time: `encode(key:into:)` for each, then `encode(namespace:into:)`.
@frozen public struct GetManyRequest: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8, each. The node refuses single ones, as Get does, and answers the others.
  public var keys: RepeatedBytes
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var count = 0
    self.namespace = RawSpan()
    self.keys = RepeatedBytes()
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        // Not checked for UTF-8 here: one bad key is refused by itself, by the node.
        _ = try reader.bytes(field)
        count += 1
      case 2: self.namespace = try reader.string(field)
      default: try reader.skip(field)
      }
    }
    self.keys = RepeatedBytes(validated: message, field: 1, count: count)
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    var keys = self.keys.makeIterator()
    while let key = keys.next() { Self.encode(key: key, into: &sink) }
    Self.encode(namespace: self.namespace, into: &sink)
  }

  /// Writes one key, which must be UTF-8.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    key: RawSpan, into sink: inout Sink
  ) {
    sink.string(field: 1, utf8: key, presence: .explicit)
  }

  /// Writes the namespace, which must be UTF-8, behind the keys.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    namespace: RawSpan, into sink: inout Sink
  ) {
    sink.string(field: 2, utf8: namespace)
  }
}

/// The answer to a GetMany: one result for each key, in order.
///
/// A node writes a result at a time, as it finds them: `encode(result:into:)`, or, for a value that
/// is spliced in, `encodeHitPrefix`, the value, and the info's `encodeSuffix`.
@frozen public struct GetManyResponse: WireMessage, WireDecodable, ~Escapable {
  /// One for each key, in order.
  public var results: RepeatedMessages<GetResult>

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var count = 0
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        _ = try GetResult(from: try reader.message(field))
        count += 1
      default: try reader.skip(field)
      }
    }
    self.results = RepeatedMessages(validated: message, field: 1, count: count)
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    var results = self.results.makeIterator()
    while let result = results.next() { Self.encode(result: result, into: &sink) }
  }

  /// Writes one result.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    result: GetResult, into sink: inout Sink
  ) {
    sink.message(field: 1, result)
  }

  /// The size of one result that is a hit whose value has `valueSize` bytes.
  @inlinable
  public static func hitSize(_ info: HitInfo, valueSize: Int) -> Int {
    let resultSize = GetResponse.hitSize(info, valueSize: valueSize)
    return 1 + Varint.size(UInt64(truncatingIfNeeded: resultSize)) + resultSize
  }

  /// The bytes of one result that is a hit, before its value; those behind it are
  /// `info.encodeSuffix`.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encodeHitPrefix<Sink: FieldSink & ~Copyable & ~Escapable>(
    _ info: HitInfo, valueSize: Int, into sink: inout Sink
  ) {
    // A hit has the same field number in GetResult and in GetResponse, hence the same bytes.
    sink.lengthPrefix(field: 1, size: GetResponse.hitSize(info, valueSize: valueSize))
    GetResponse.encodeHitPrefix(info, valueSize: valueSize, into: &sink)
  }
}
