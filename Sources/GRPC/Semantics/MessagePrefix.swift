/// The five bytes before each message: a compression flag and a big-endian length
/// (PROTOCOL-HTTP2.md, "Length-Prefixed-Message").
struct MessagePrefix: Equatable {
  static let byteCount = 5

  let isCompressed: Bool
  let length: Int

  /// What `bytes` begin with. Incomplete is not an error: nil where five bytes are not there yet.
  /// Judged here, before the message is waited for: the flag, and the length against its limit.
  ///
  /// - Parameter encoding: the `grpc-encoding` of the call.
  static func parse(
    _ bytes: RawSpan, messageMaxBytes: Int, encoding: MessageEncoding
  ) throws(FramingError) -> Self? {
    guard bytes.byteCount >= Self.byteCount else { return nil }
    let flag = bytes.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
    let length = Int(
      UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 1, as: UInt32.self)))
    guard flag <= 1 else { throw .flagInvalid(flag) }
    guard length <= messageMaxBytes else { throw .tooLarge(length: length, max: messageMaxBytes) }
    guard flag == 0 || encoding != .identity else { throw .compressedWithoutEncoding }
    return Self(isCompressed: flag == 1, length: length)
  }

  /// Whether `bytes`, all that a unary call has sent so far, hold its one message.
  static func unary(
    _ bytes: RawSpan, isEnd: Bool, messageMaxBytes: Int, encoding: MessageEncoding
  ) throws(FramingError) -> Self? {
    let prefix = try Self.parse(bytes, messageMaxBytes: messageMaxBytes, encoding: encoding)
    guard let prefix else {
      if isEnd { throw bytes.isEmpty ? .noMessage : .truncated }
      return nil
    }
    let whole = Self.byteCount + prefix.length
    guard bytes.byteCount <= whole else { throw .secondMessage }
    guard isEnd else { return nil }
    guard bytes.byteCount == whole else { throw .truncated }
    return prefix
  }

  /// Writes the five bytes before a message.
  @_lifetime(output: copy output)
  static func write(length: Int, isCompressed: Bool = false, into output: inout OutputRawSpan) {
    output.append(isCompressed ? 1 : 0)
    output.append(UInt32(length).bigEndian, as: UInt32.self)
  }
}

/// How the messages of a call can be framed wrongly. Always the peer's fault.
enum FramingError: Error, Equatable {
  case flagInvalid(UInt8)
  case compressedWithoutEncoding
  case tooLarge(length: Int, max: Int)
  /// A compressed message is not what the call's `grpc-encoding` says, or is damaged, cut off, or
  /// followed by something else.
  case compressionBroken(MessageEncoding)
  /// A compressed message has more than `max` bytes once it is decompressed; nobody knows how many.
  case inflatedTooLarge(max: Int)
  /// The stream ended inside a message.
  case truncated
  /// A unary call without a message.
  case noMessage
  /// A unary call with more than one message.
  case secondMessage

  /// What the call ends with.
  var status: Status {
    switch self {
    case .flagInvalid(let flag):
      Status(.internal, "message with compression flag \(flag): it must be 0 or 1")
    case .compressedWithoutEncoding:
      Status(.internal, "compressed message on a call whose grpc-encoding is missing or identity")
    case .tooLarge(let length, let max):
      // Clients look for these words.
      Status(
        .resourceExhausted, "received message larger than max (\(length) vs. \(max))",
        info: .init(
          reason: "MESSAGE_TOO_LARGE",
          metadata: ["limit": "message-max", "limit_bytes": "\(max)", "size_bytes": "\(length)"]))
    case .compressionBroken(let encoding):
      Status(.internal, "message that is not one whole \(encoding.rawValue) stream")
    case .inflatedTooLarge(let max):
      Status(
        .resourceExhausted,
        "received message larger than max (over \(max) vs. \(max)) once decompressed",
        info: .init(
          reason: "MESSAGE_TOO_LARGE",
          metadata: ["limit": "message-max", "limit_bytes": "\(max)"]))
    case .truncated: Status(.internal, "the stream ended inside a message")
    case .noMessage: Status(.unimplemented, "a unary call takes one message, and this one had none")
    case .secondMessage:
      Status(.unimplemented, "a unary call takes one message, and this one had more")
    }
  }
}
