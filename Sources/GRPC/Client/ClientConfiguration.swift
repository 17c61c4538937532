public import NIOCore

/// What a client's connections may use, and how they behave. Validated where it is configured.
public struct ClientConfiguration: Sendable {
  public var connection = ConnectionLimits()
  /// Encrypts the connections, and proves who is at their ends; nil: plaintext.
  public var tls: ClientTLS?
  /// How long connecting may take, TLS included, until the server has sent its SETTINGS.
  public var connectTimeout: TimeAmount = .seconds(5)
  /// A server that is silent for this long while calls are open is sent a PING; nil: never. Twice as
  /// long after each connection that a server ends with "too_many_pings".
  public var keepaliveInterval: TimeAmount?
  /// A server that is silent for this long after a PING is given up.
  public var keepaliveTimeout: TimeAmount = .seconds(20)
  /// The `user-agent` of a channel's calls.
  public var userAgent = ClientConfiguration.defaultUserAgent
  /// Calls open at once on one connection, and calls waiting at once for a channel to connect.
  /// Above the server's SETTINGS_MAX_CONCURRENT_STREAMS, calls wait inside the connection.
  public var callsMax = 10_000
  public var backoff = BackoffConfiguration()
  /// See every call of a channel, in this order.
  public var interceptors: [any ClientInterceptor] = []
  /// Which requests are compressed. Servers are not asked first; one that does not take the encoding
  /// answers UNIMPLEMENTED. Compressed answers are taken in any case.
  public var compression = MessageCompression()
  /// Where a channel can be found by channelz; nil: nowhere.
  public var registry: ChannelRegistry?

  public static let defaultUserAgent = "larder/0.1.0"

  public init() {}
}

/// How long a channel waits between attempts to connect (grpc/grpc, doc/connection-backoff.md).
public struct BackoffConfiguration: Sendable {
  /// From the start of the first attempt to the start of the second.
  public var initial: TimeAmount = .seconds(1)
  /// By how much each wait is longer than the one before; 1 or more.
  public var multiplier = 1.6
  /// The longest wait, before jitter.
  public var max: TimeAmount = .seconds(120)
  /// The part of a wait that is random, so that clients do not come back all at once; 0 to 1.
  public var jitter = 0.2

  public init() {}
}
