/// How a call ended, and why: for people in `message`, for programs in `info`.
public struct Status: Error, Hashable, Sendable {
  public var code: StatusCode
  /// For developers, in English; any text.
  public var message: String
  /// The stable reason; travels as google.rpc.ErrorInfo in `grpc-status-details-bin`.
  public var info: ErrorInfo?
  /// What the server asks of a client that would make the call again; nil: nothing. Travels as
  /// `grpc-retry-pushback-ms` (gRFC A6), and a time to wait also as google.rpc.RetryInfo in
  /// `grpc-status-details-bin`.
  public var retryPushback: RetryPushback?

  public init(
    _ code: StatusCode, _ message: String = "", info: ErrorInfo? = nil,
    retryPushback: RetryPushback? = nil
  ) {
    self.code = code
    self.message = message
    self.info = info
    self.retryPushback = retryPushback
  }

  public static let ok = Status(.ok)
}

extension Status: CustomStringConvertible {
  public var description: String {
    self.message.isEmpty ? "\(self.code)" : "\(self.code): \(self.message)"
  }
}

/// The cause of an error in a form that programs can rely on (google.rpc.ErrorInfo).
public struct ErrorInfo: Hashable, Sendable {
  /// UPPER_SNAKE_CASE; unique within the domain, and never renamed.
  public var reason: String
  /// Who defines the reason.
  public var domain: String
  /// What the error is about: the field, the limit and its value.
  public var metadata: [String: String]

  /// - Parameter domain: of everything that Larder itself says, `larder`.
  public init(reason: String, domain: String = "larder", metadata: [String: String] = [:]) {
    self.reason = reason
    self.domain = domain
    self.metadata = metadata
  }
}
