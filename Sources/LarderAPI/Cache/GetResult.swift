public import Wire

/// What a GetMany says about one key.
@frozen public enum GetResult: WireMessage, WireDecodable, ~Escapable {
  /// None of these: what a newer node answered with is not known here.
  case unset
  /// The entry.
  case hit(Hit)
  /// There is no entry under the key.
  case miss
  /// This key failed alone.
  case error(ItemError)
  /// The reply was full before this key's turn came: ask for it again.
  case deferred

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self = .unset
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        var hit = Hit(value: RawSpan(), info: HitInfo())
        if case .hit(let earlier) = self { hit = earlier }
        try hit.merge(from: try reader.message(field))
        self = .hit(hit)
      case 2:
        _ = try EmptyMessage(from: try reader.message(field))
        self = .miss
      case 3:
        var error = ItemError(code: 0, reason: RawSpan(), message: RawSpan())
        if case .error(let earlier) = self { error = earlier }
        try error.merge(from: try reader.message(field))
        self = .error(error)
      case 4:
        _ = try EmptyMessage(from: try reader.message(field))
        self = .deferred
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .unset: break
    case .hit(let hit): sink.message(field: 1, hit)
    case .miss: sink.message(field: 2, EmptyMessage())
    case .error(let error): sink.message(field: 3, error)
    case .deferred: sink.message(field: 4, EmptyMessage())
    }
  }
}
