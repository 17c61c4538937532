public import Wire

/// Stores many entries at once; each stands for itself.
///
/// Read, this is a view over the request's bytes. Written, a request is either such a view again (a
/// forward) or an item at a time: `encode(item:into:)` for each, then `encode(namespace:into:)`.
@frozen public struct SetManyRequest: WireMessage, WireDecodable, ~Escapable {
  /// The entries to store.
  public var items: RepeatedMessages<SetRequest>
  /// UTF-8. For items that name none.
  public var namespace: RawSpan

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var count = 0
    self.namespace = RawSpan()
    self.items = RepeatedMessages()
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        _ = try SetRequest(from: try reader.message(field))
        count += 1
      case 2: self.namespace = try reader.string(field)
      default: try reader.skip(field)
      }
    }
    self.items = RepeatedMessages(validated: message, field: 1, count: count)
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    var items = self.items.makeIterator()
    while let item = items.next() { Self.encode(item: item, into: &sink) }
    Self.encode(namespace: self.namespace, into: &sink)
  }

  /// Writes one item.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    item: SetRequest, into sink: inout Sink
  ) {
    sink.message(field: 1, item)
  }

  /// Writes the namespace, which must be UTF-8, behind the items.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    namespace: RawSpan, into sink: inout Sink
  ) {
    sink.string(field: 2, utf8: namespace)
  }
}

/// The answer to a SetMany.
public typealias SetManyResponse = BatchResponse<SetResult>

/// What a SetMany says about one item.
public typealias SetResult = WriteResult<SetResponse>
