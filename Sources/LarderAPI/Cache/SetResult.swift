public import Wire

/// What a SetMany says about one item.
@frozen public enum SetResult: WireMessage, WireDecodable, ~Escapable {
  /// Neither: what a newer node answered with is not known here.
  case unset
  /// As the call for this item alone would have answered.
  case ok(SetResponse)
  /// This item failed alone.
  case error(ItemError)

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self = .unset
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        var response = SetResponse()
        if case .ok(let earlier) = self { response = earlier }
        try response.merge(from: try reader.message(field))
        self = .ok(response)
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
