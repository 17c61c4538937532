public import Wire

/// Why one item of a batch failed, while the others went on.
@frozen public struct ItemError: WireMessage, WireDecodable, ~Escapable {
  /// A google.rpc.Code, as the call for this item alone would have ended with.
  public var code: Int32
  /// Stable, as in google.rpc.ErrorInfo. UTF-8.
  public var reason: RawSpan
  /// For people. UTF-8.
  public var message: RawSpan

  /// An error with these texts, which must be UTF-8.
  @inlinable
  @_lifetime(copy reason, copy message)
  public init(code: Int32, reason: RawSpan, message: RawSpan) {
    self.code = code
    self.reason = reason
    self.message = message
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(code: 0, reason: RawSpan(), message: RawSpan())
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced.
  @inlinable
  @_lifetime(self: copy self, copy reader)
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.code = try reader.int32(field)
      case 2: self.reason = try reader.string(field)
      case 3: self.message = try reader.string(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.code)
    sink.string(field: 2, utf8: self.reason)
    sink.string(field: 3, utf8: self.message)
  }
}
