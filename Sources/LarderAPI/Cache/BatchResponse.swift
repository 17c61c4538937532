public import Wire

/// The answer to a call about many keys: one result for each, in their order. A node writes a result at
/// a time, as it finds them, with `encode(result:into:)`.
@frozen
public struct BatchResponse<Element: WireMessage & WireDecodable & ~Escapable>:
  WireMessage, WireDecodable, ~Escapable
{
  /// In the order of the keys.
  public var results: RepeatedMessages<Element>

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var count = 0
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        _ = try Element(from: try reader.message(field))
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
    result: borrowing Element, into sink: inout Sink
  ) {
    sink.message(field: 1, result)
  }
}
