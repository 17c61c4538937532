public import Wire

/// Many keys of one namespace: what GetMany and DeleteMany ask with.
///
/// Read, this is a view over the request's bytes. Written, a request is either such a view again (a
/// forward) or a key at a time: `encode(key:into:)` for each, then `encode(namespace:into:)`.
@frozen public struct KeyBatchRequest: WireMessage, WireDecodable, ~Escapable {
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
