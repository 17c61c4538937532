internal import GRPC

/// What a node compresses its replies with, for clients that accept it.
public enum ReplyCompression: String, Sendable, CaseIterable {
  /// Not at all.
  case off
  case gzip
  /// The zlib format (RFC 1950).
  case deflate
}

extension MessageCompression {
  /// As `configuration` has it.
  init(_ configuration: NodeConfiguration) {
    let encoding: MessageEncoding =
      switch configuration.compression {
      case .off: .identity
      case .gzip: .gzip
      case .deflate: .deflate
      }
    self.init(
      encoding, minBytes: configuration.limits.compressionMinBytes,
      maxBytes: configuration.limits.compressionMaxBytes)
  }
}
