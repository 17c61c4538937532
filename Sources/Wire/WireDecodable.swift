/// A message that can be read. Mostly a view: its strings and bytes are parts of the bytes it was
/// read from, so it cannot outlive them.
public protocol WireDecodable: ~Copyable, ~Escapable {
  /// Reads all that is left in `reader`, which is at the start of a message.
  ///
  /// Of a singular field that comes twice the last value counts; a later member of a oneof replaces
  /// an earlier one; an embedded message that comes twice is merged.
  @_lifetime(copy reader)
  init(from reader: consuming WireReader) throws(WireError)
}

extension WireDecodable where Self: ~Copyable & ~Escapable {
  /// Reads the message that `bytes` hold, whole.
  @inlinable
  @_lifetime(copy bytes)
  public init(decoding bytes: RawSpan) throws(WireError) {
    try self.init(from: WireReader(bytes))
  }
}
