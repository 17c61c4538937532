internal import Wire

/// Goes through the bytes of a GetManyResponse for the replies to single Gets. A hit and a miss have the
/// same fields in GetResult as in GetResponse, so that the bytes of such a result are the reply.
struct ReadReplies: ~Escapable {
  private var reader: WireReader

  @_lifetime(copy message)
  init(_ message: RawSpan) { self.reader = WireReader(message) }

  /// The reply for the next key; nil: there is none here, be it that the key has failed, was deferred or
  /// is missing, and it is to be asked for by itself.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func next() -> RawSpan? {
    do throws(WireError) {
      while let field = try self.reader.nextField() {
        guard field.number == 1 else {
          try self.reader.skip(field)
          continue
        }
        let result = try self.reader.bytes(field)
        return Self.isReply(result) ? result : nil
      }
    } catch {
      // Nothing more can be read out of it. Those who are left ask by themselves, and their answers
      // do not depend on this one.
      self.reader = WireReader(self.reader.remaining.extracting(first: 0))
    }
    return nil
  }

  /// Results have no more than one field.
  private static func isReply(_ result: RawSpan) -> Bool {
    guard !result.isEmpty else { return false }
    switch result.unsafeLoad(fromByteOffset: 0, as: UInt8.self) {
    // `hit` and `miss`, fields 1 and 2 of wire type LEN.
    case 1 << 3 | 2, 2 << 3 | 2: return true
    default: return false
    }
  }
}
