public import Wire

/// Asks for many entries at once.
public typealias GetManyRequest = KeyBatchRequest

/// The answer to a GetMany. For a value that is spliced in a node writes `encodeHitPrefix`, the value, and
/// the info's `encodeSuffix`.
public typealias GetManyResponse = BatchResponse<GetResult>

extension BatchResponse where Element == GetResult {
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
