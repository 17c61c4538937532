internal import GRPC
public import Logging
public import NIOCore
internal import Wire

/// A client of etcd 3.4 and later, over our own gRPC.
///
/// Calls go to one of the endpoints, and to the next when that cannot be reached, does not answer or has
/// no leader. A call whose answer got lost is made again only where twice does no harm; others throw an
/// error with `isOutcomeUnknown`.
///
/// Watches are served by `run`, which somebody's task must be in:
///
///     await withDiscardingTaskGroup { group in
///       group.addTask { await client.run() }
///       …
///       group.cancelAll()
///     }
public final class EtcdClient: Sendable {
  let configuration: EtcdConfiguration
  let endpoints: EndpointPool
  let logger: Logger
  let farewells = Farewells()
  private let tokens: TokenSource?
  /// Used where etcd's users are.
  private let user: CurrentUser
  private let watches: WatchHub

  /// - Parameter group: its event loops serve the connections; stays the caller's.
  public init(
    _ configuration: EtcdConfiguration, group: any EventLoopGroup, logger: Logger
  ) throws(EtcdConfiguration.Invalid) {
    try configuration.validate()
    let endpoints = EndpointPool(configuration, group: group, logger: logger)
    self.configuration = configuration
    self.endpoints = endpoints
    self.logger = logger
    let user = CurrentUser(configuration.credentials)
    self.user = user
    self.tokens =
      configuration.credentials == nil
      ? nil
      : TokenSource { () async throws(EtcdError) in
        guard let credentials = user.credentials else {
          preconditionFailure("whoever has tokens has credentials")
        }
        return try await Self.authenticate(credentials, configuration, endpoints)
      }
    self.watches = WatchHub(configuration, logger: logger)
  }

  /// Serves the client's watches until its task is cancelled; then ends them and closes the
  /// connections. Lease keepers, locks and elections that are cancelled at the same time may tell etcd of
  /// it first, within two `attemptTimeout`s.
  public func run() async {
    await self.watches.run(self)
    await self.farewells.wait(timeout: self.configuration.attemptTimeout * 2)
    await self.endpoints.shutdown()
  }

  /// Closes the connections. For a client that nobody runs.
  public func shutdown() async { await self.endpoints.shutdown() }

  /// Has the client be this user from now on, as after a change of its password; the token that it has is
  /// good for as long as etcd says so. Nothing, for a client that was made without credentials.
  public func install(_ credentials: EtcdCredentials) { self.user.replace(with: credentials) }

  /// Shows what happens to `keys` from `revision` on, each change once and in order, across losses of
  /// the connection and changes of the endpoint. Needs `run`.
  ///
  /// - Parameters:
  ///   - revision: the first of interest, at most one beyond the last that etcd has shown:
  ///     `list(…).revision.next`; `.current`: what comes from now on.
  ///   - wantsPrevious: each event has the key as it was before, unless that is compacted.
  public func watch(
    _ keys: KeyRange, fromRevision revision: Revision = .current, wantsPrevious: Bool = false
  ) -> WatchSequence {
    self.watches.watch(keys, from: revision, wantsPrevious: wantsPrevious)
  }

  /// `watch` of all keys that begin with `prefix`.
  public func watch(
    prefix: String, fromRevision revision: Revision = .current, wantsPrevious: Bool = false
  ) -> WatchSequence {
    self.watch(.prefix(prefix), fromRevision: revision, wantsPrevious: wantsPrevious)
  }

  // MARK: - Calls

  /// Makes a call, wherever it succeeds first.
  ///
  /// - Parameter timeout: for all attempts together; nil: `callTimeout`.
  func call<Response: WireDecodable>(
    _ method: EtcdMethod, _ request: some WireMessage, as type: Response.Type = Response.self,
    timeout: Duration? = nil
  ) async throws(EtcdError) -> Response {
    let message = request.serialized()
    let deadline = ContinuousClock.now + (timeout ?? self.configuration.callTimeout)
    var failure: EtcdError?
    var isTokenRenewed = false
    while true {
      let token = try await self.token()
      let index = try await self.endpoints.next(by: deadline, after: failure)
      let attempt = CallAttempt(
        method, at: index, of: self.endpoints, token: token, by: deadline,
        timeoutMax: self.configuration.attemptTimeout)
      switch await attempt.make(message) {
      case .answered(let response): return try attempt.decode(response)
      case .failed(let error, .renewToken) where self.tokens != nil && !isTokenRenewed:
        isTokenRenewed = true
        failure = error
        if let token { await self.tokens?.refused(token) }
      case .failed(let error, .askAnother): failure = error
      case .failed(let error, .askAnotherIfRepeatable) where method.isRepeatable: failure = error
      case .failed(let error, _): throw error
      }
    }
  }

  /// The token to call with; nil: none is needed.
  func token() async throws(EtcdError) -> AuthToken? { try await self.tokens?.token() }

  /// Has a token replaced that etcd has refused.
  func refused(_ token: AuthToken?) async {
    if let token { await self.tokens?.refused(token) }
  }

  private static func authenticate(
    _ credentials: EtcdCredentials, _ configuration: EtcdConfiguration, _ endpoints: EndpointPool
  ) async throws(EtcdError) -> AuthToken {
    let request = AuthenticateRequest(user: credentials.user, password: credentials.password)
    let message = request.serialized()
    let deadline = ContinuousClock.now + configuration.callTimeout
    var failure: EtcdError?
    while true {
      let index = try await endpoints.next(by: deadline, after: failure)
      let attempt = CallAttempt(
        .authenticate, at: index, of: endpoints, token: nil, by: deadline,
        timeoutMax: configuration.attemptTimeout)
      switch await attempt.make(message) {
      case .answered(let response):
        let answer: AuthenticateResponse = try attempt.decode(response)
        guard Metadata.isValid("token", Array(answer.token.utf8)) else {
          throw EtcdError(.malformedAnswer, "etcd gave a token that no call can carry")
        }
        return AuthToken(value: answer.token)
      case .failed(let error, _) where error.saysAuthIsOff: return AuthToken(value: nil)
      case .failed(let error, .askAnother), .failed(let error, .askAnotherIfRepeatable):
        failure = error
      case .failed(let error, _): throw error
      }
    }
  }

  /// Opens a streaming call at the first endpoint that takes it.
  func open(_ method: EtcdMethod) async throws(EtcdError) -> EtcdStream {
    let deadline = ContinuousClock.now + self.configuration.callTimeout
    var failure: EtcdError?
    while true {
      let token = try await self.token()
      let index = try await self.endpoints.next(by: deadline, after: failure)
      let attempt = CallAttempt(
        method, at: index, of: self.endpoints, token: token, by: deadline,
        timeoutMax: self.configuration.attemptTimeout)
      switch await attempt.open() {
      case .success(let call): return EtcdStream(call: call, index: index, token: token)
      case .failure(let error) where error.reason == .cancelled: throw error
      case .failure(let error): failure = error
      }
    }
  }
}

/// A streaming call, and where it was opened.
struct EtcdStream: Sendable {
  let call: ClientStreamingCall
  /// Of its endpoint.
  let index: Int
  let token: AuthToken?
}
