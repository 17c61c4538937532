internal import HTTP2
internal import LarderAPI
internal import Wire

/// The reply of one owner to its part of a batch.
struct BatchAnswer {
  let bytes: [UInt8]
  /// Where the result of each key lies.
  let results: [Range<Int>]

  /// - Throws: where the bytes are no reply.
  init(_ bytes: [UInt8]) throws(WireError) {
    var results: [Range<Int>] = []
    let message = bytes.span.bytes
    var reader = WireReader(message)
    while let field = try reader.nextField() {
      guard field.number == 1 else {
        try reader.skip(field)
        continue
      }
      let result = try reader.bytes(field)
      let end = message.byteCount - reader.remaining.byteCount
      results.append(end - result.byteCount..<end)
    }
    self.bytes = bytes
    self.results = results
  }

  /// Whether a result is the refusal of a key that the node does not own.
  func isWrongOwner(_ index: Int, of method: CacheMethod) -> Bool {
    let result = self.bytes.span.bytes.extracting(self.results[index])
    // `error` is field 3 of GetResult, and 2 of the others; results have no more than one field.
    let field = method == .getMany ? 3 : 2
    var reader = WireReader(result)
    do throws(WireError) {
      guard let found = try reader.nextField(), found.number == field else { return false }
      let error = try ItemError(decoding: try reader.bytes(found))
      return error.reason.equals(ForwardRefusal.wrongOwner.utf8Span.span.bytes)
    } catch {
      // The client, which gets it as it is, is told so by its own decoder.
      return false
    }
  }
}
