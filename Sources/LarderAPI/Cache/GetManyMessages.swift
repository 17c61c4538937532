public import Wire

/// Asks for many entries at once.
public typealias GetManyRequest = KeyBatchRequest

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
