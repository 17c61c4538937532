public import HTTP2

/// What one connection may use, on either end. Validated where it is configured.
public struct ConnectionLimits: Sendable {
  /// Streams, windows, header lists.
  public var session = SessionConfiguration()
  /// The longest message taken, in bytes, without its prefix.
  public var messageMaxBytes = 4 << 20
  /// Bytes written to the socket and not yet taken by the kernel; above it nothing more is encoded,
  /// and nothing more is read.
  public var outputBufferMaxBytes = 256 << 10
  /// Bytes of requests (on a client: of responses) that are not complete yet, all streams together.
  public var requestBufferMaxBytes = 64 << 20
  /// Bytes of answers that the client has yet to take, all streams together; above it a server
  /// refuses further unary calls. Large values sent piece by piece count too.
  public var answerBufferMaxBytes = 256 << 20
  /// How long a server waits for its clients.
  public var timeouts = ServerTimeouts()

  public init() {}
}
