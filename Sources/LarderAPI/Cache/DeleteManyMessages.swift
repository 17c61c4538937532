public import Wire

/// Asks for many entries to be removed.
public typealias DeleteManyRequest = KeyBatchRequest

/// The answer to a DeleteMany: one result for each key, in order. A node writes a result at a time,
/// with `encode(result:into:)`.
@frozen public struct DeleteManyResponse: WireMessage, WireDecodable, ~Escapable {
  /// One for each key, in order.
  public var results: RepeatedMessages<DeleteResult>

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var count = 0
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        _ = try DeleteResult(from: try reader.message(field))
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
    result: DeleteResult, into sink: inout Sink
  ) {
    sink.message(field: 1, result)
  }
}
