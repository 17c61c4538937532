public import Wire

/// `Miss`, `Deferred` and `GetStatusRequest`: messages without fields. What a newer peer put into
/// one is skipped.
@frozen public struct EmptyMessage: WireMessage, WireDecodable, Equatable, Sendable {
  /// The message, of which there is one only.
  @inlinable
  public init() {}

  @inlinable
  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() { try reader.skip(field) }
  }

  @inlinable
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {}
}
