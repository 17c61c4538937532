/// Which of the messages that one end sends are compressed. What the other end sends is taken in
/// every encoding that is known here, whatever this says.
///
/// Messages that do not get smaller are sent as they are, whatever their size.
public struct MessageCompression: Sendable, Equatable {
  /// What messages are compressed with; `.identity`: they are not, unless a handler asks for it. A
  /// server compresses for those clients only that take this encoding.
  public var encoding = MessageEncoding.identity
  /// Messages below this many bytes are sent as they are: packing them costs more than it saves.
  public var minBytes = 1 << 10
  /// Messages above this many bytes are sent as they are: compressing one holds up every other call
  /// of its event loop, for 6 ms per MiB and more.
  public var maxBytes = 1 << 20

  public init() {}

  /// - Parameters:
  ///   - encoding: as the property.
  ///   - minBytes: as the property; 0 or more.
  ///   - maxBytes: as the property; 0 or more.
  public init(_ encoding: MessageEncoding, minBytes: Int = 1 << 10, maxBytes: Int = 1 << 20) {
    self.encoding = encoding
    self.minBytes = minBytes
    self.maxBytes = maxBytes
  }

  /// Whether a message of `size` bytes is worth the attempt.
  func covers(_ size: Int) -> Bool { size >= self.minBytes && size <= self.maxBytes }
}
