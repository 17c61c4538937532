public import Wire

/// Asks for the entry under a key.
@frozen public struct GetRequest: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8. The node refuses an empty one and one above its limit.
  public var key: RawSpan
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan

  /// A request for this key. Both texts must be UTF-8.
  @inlinable
  @_lifetime(copy key, copy namespace)
  public init(key: RawSpan, namespace: RawSpan) {
    self.key = key
    self.namespace = namespace
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(key: RawSpan(), namespace: RawSpan())
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = try reader.string(field)
      case 2: self.namespace = try reader.string(field)
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, utf8: self.key)
    sink.string(field: 2, utf8: self.namespace)
  }
}

/// The answer to a Get.
@frozen public enum GetResponse: WireMessage, WireDecodable, ~Escapable {
  /// Neither: what a newer node answered with is not known here.
  case unset
  /// The entry.
  case hit(Hit)
  /// There is no entry under the key.
  case miss

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
    }
  }
}

extension GetResponse {
  /// The size of a whole response with a hit whose value has `valueSize` bytes.
  @inlinable
  public static func hitSize(_ info: HitInfo, valueSize: Int) -> Int {
    let hitSize = info.hitSize(valueSize: valueSize)
    return 1 + Varint.size(UInt64(truncatingIfNeeded: hitSize)) + hitSize
  }

  /// The bytes of a response with a hit before its value; those behind it are `info.encodeSuffix`.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encodeHitPrefix<Sink: FieldSink & ~Copyable & ~Escapable>(
    _ info: HitInfo, valueSize: Int, into sink: inout Sink
  ) {
    sink.lengthPrefix(field: 1, size: info.hitSize(valueSize: valueSize))
    info.encodePrefix(valueSize: valueSize, into: &sink)
  }
}
