public import Wire

/// The answer to a call that changes one entry.
public protocol WriteResponse: WireMessage, WireDecodable {
  /// Reads over what is here: only the fields that `reader` has are replaced.
  mutating func merge(from reader: consuming WireReader) throws(WireError)
}

/// What a SetMany says about one item, or a DeleteMany about one key.
@frozen public enum WriteResult<Response: WriteResponse>: WireMessage, WireDecodable, ~Escapable {
  /// Neither: what a newer node answered with is not known here.
  case unset
  /// As the call for this key alone would have answered.
  case ok(Response)
  /// This key failed alone.
  case error(ItemError)

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self = .unset
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        let message = try reader.message(field)
        if case .ok(var response) = self {
          try response.merge(from: message)
          self = .ok(response)
        } else {
          self = .ok(try Response(from: message))
        }
      case 2:
        var error = ItemError(code: 0, reason: RawSpan(), message: RawSpan())
        if case .error(let earlier) = self { error = earlier }
        try error.merge(from: try reader.message(field))
        self = .error(error)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .unset: break
    case .ok(let response): sink.message(field: 1, response)
    case .error(let error): sink.message(field: 2, error)
    }
  }
}
