public import GRPC

/// Who calls etcd, where it has users.
public struct EtcdCredentials: Hashable, Sendable {
  /// The name that etcd knows the caller by.
  public var user: String
  /// Sent to etcd only, in exchange for a token.
  public var password: String

  /// A user as etcd has it.
  public init(user: String, password: String) {
    self.user = user
    self.password = password
  }
}

/// Where an etcd is, and how patiently it is called. Validated by `validate`, which a client does
/// when it is made.
public struct EtcdConfiguration: Sendable {
  /// The members, in any order; those that fail are left for others.
  public var endpoints: [EtcdEndpoint]
  /// For `https` endpoints, which need it.
  public var tls: ClientTLS?
  /// Nil: an etcd without users, or one that knows its clients by their certificates.
  public var credentials: EtcdCredentials?
  /// How long a call may take, all its attempts included.
  public var callTimeout: Duration = .seconds(5)
  /// How long one endpoint may take to answer before the next is asked.
  public var attemptTimeout: Duration = .seconds(2)
  /// How long an endpoint that failed is left alone, unless all have failed.
  public var backoff = RetryBackoff()
  /// The longest answer taken, in bytes. Lists are asked for in pages that fit.
  public var messageMaxBytes = 16 << 20
  /// The keys of one page of a list; fewer where their values are large.
  public var listPageKeys = 1_000
  /// Watches open at once.
  public var watchesMax = 1_000
  /// Bytes of events that wait for the reader of one watch. One that is slower is behind, and is
  /// caught up by etcd once it has read what waits.
  public var watchBufferMaxBytes = 16 << 20
  /// A watch stream that is silent for this long is asked for a sign of life.
  public var progressInterval: Duration = .seconds(5)
  /// A watch stream that gives none for this long is taken for stuck.
  public var progressTimeout: Duration = .seconds(3)
  /// A member that is silent for this long while calls are open is sent an HTTP/2 PING. etcd takes
  /// none more often than every 5 seconds.
  public var keepaliveInterval: Duration = .seconds(10)
  /// A member that does not answer a PING for this long is given up.
  public var keepaliveTimeout: Duration = .seconds(5)

  /// The defaults, for an etcd at `endpoints`.
  public init(endpoints: [EtcdEndpoint]) { self.endpoints = endpoints }

  /// What is wrong with a configuration.
  public struct Invalid: Error, Hashable, CustomStringConvertible {
    /// For people, in English, with what would be right.
    public let description: String
  }

  /// The least `keepaliveInterval`: etcd ends connections with PINGs that come more often
  /// (its flag `--grpc-keepalive-min-time`).
  public static let keepaliveIntervalMin: Duration = .seconds(5)

  /// - Throws: the first thing that cannot be used.
  public func validate() throws(Invalid) {
    guard !self.endpoints.isEmpty else { throw Invalid(description: "no etcd endpoint is given") }
    for endpoint in self.endpoints where endpoint.isEncrypted && self.tls == nil {
      throw Invalid(description: "\(endpoint) needs TLS, which is not configured")
    }
    let durations: KeyValuePairs = [
      "callTimeout": self.callTimeout, "attemptTimeout": self.attemptTimeout,
      "progressInterval": self.progressInterval, "progressTimeout": self.progressTimeout,
      "keepaliveTimeout": self.keepaliveTimeout, "backoff.initial": self.backoff.initial,
    ]
    for (name, duration) in durations where duration <= .zero {
      throw Invalid(description: "etcd: \(name) is \(duration); it must be above 0")
    }
    guard self.keepaliveInterval >= Self.keepaliveIntervalMin else {
      throw Invalid(
        description: "etcd: keepaliveInterval is \(self.keepaliveInterval); etcd takes PINGs every"
          + " \(Self.keepaliveIntervalMin) at most")
    }
    guard self.backoff.max >= self.backoff.initial, (0...1).contains(self.backoff.jitter) else {
      throw Invalid(
        description: "etcd: backoff.max must be at least backoff.initial, and backoff.jitter from 0"
          + " to 1")
    }
    let counts: KeyValuePairs = [
      "messageMaxBytes": self.messageMaxBytes, "listPageKeys": self.listPageKeys,
      "watchesMax": self.watchesMax, "watchBufferMaxBytes": self.watchBufferMaxBytes,
    ]
    for (name, count) in counts where count < 1 {
      throw Invalid(description: "etcd: \(name) is \(count); it must be above 0")
    }
  }
}
