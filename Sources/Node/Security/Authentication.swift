internal import GRPC
internal import HTTP2

/// Finds out who makes a call, by bearer token or certificate, and refuses those who may not.
///
/// What a token led to is remembered with the connection, which mostly presents the same one for
/// call after call: those cost a comparison of its bytes, and no hash. A reload ends what is
/// remembered. Streams that were let in stay.
final class Authentication: ServerInterceptor {
  private let control: AccessControl
  private let rateLimit: ClientRateLimit?
  private let paths: [String]
  /// By the method's index, as `paths`.
  private let access: [MethodAccess]

  /// - Parameters:
  ///   - rateLimit: counts the calls that are refused, which it does not see by itself.
  ///   - paths: of all the server's methods, in their order.
  init(control: AccessControl, rateLimit: ClientRateLimit?, paths: [String]) {
    self.control = control
    self.rateLimit = rateLimit
    self.paths = paths
    self.access = paths.map { MethodAccess(path: $0) }
  }

  let asksForCallers = true

  func begin(_ call: borrowing InterceptedCall) throws(Status) {
    guard let method = call.method else { return self.recognize(call) }
    let access = self.access[method]
    guard access != .open else { return }
    let caller: Principal
    do {
      caller = try self.caller(of: call)
    } catch {
      try self.rateLimit?.countRefused(call)
      throw error
    }
    call.caller = caller
    if case .role(let role) = access, !caller.roles.contains(Roles(role)) {
      try self.rateLimit?.countRefused(call)
      throw Self.roleMissing(role, caller, self.paths[method])
    }
  }

  /// A call that is refused in any case: who makes it is only told to those who count and log.
  private func recognize(_ call: borrowing InterceptedCall) {
    do {
      call.caller = try self.caller(of: call)
    } catch {
      // A stranger, who counts by the address, and hears what is wrong with the call itself.
    }
  }

  private func caller(of call: borrowing InterceptedCall) throws(Status) -> Principal {
    let metadata = call.metadata
    let authorization = metadata.first("authorization")
    if let authorization, authorization.byteCount > BearerToken.headerValueMaxBytes {
      // Not remembered, so that what a connection makes us keep stays small.
      throw Self.malformed
    }
    if let memory = call.memory {
      // Each interceptor has a place of its own, and this one puts nothing else there.
      let verdict = unsafeDowncast(memory, to: Verdict.self)
      if verdict.generation == self.control.generation, verdict.isOf(authorization) {
        return try verdict.result.get()
      }
    }
    let (callers, generation) = self.control.callers
    let verdict = Verdict(
      authorization: authorization, generation: generation,
      result: Self.judge(authorization, call.peer.certificateNames, callers))
    call.memory = verdict
    return try verdict.result.get()
  }

  /// Who presents these credentials, or why nobody does.
  ///
  /// - Parameters:
  ///   - authorization: the header's value; nil: there is none.
  ///   - certificateNames: of the verified client certificate.
  static func judge(
    _ authorization: RawSpan?, _ certificateNames: [String], _ callers: CallerTable
  ) -> Result<Principal, Status> {
    guard let authorization else {
      if let caller = callers.caller(certificateNames: certificateNames) {
        return .success(caller)
      }
      return .failure(certificateNames.isEmpty ? self.missing : self.unknownCertificate)
    }
    // What is presented must be good: an unknown token is refused even beside a known certificate.
    guard let token = BearerToken.token(in: authorization) else { return .failure(self.malformed) }
    return callers.caller(token: token).map { .success($0) } ?? .failure(self.unknownToken)
  }

  // MARK: - Refusals, none of which tells what was presented

  private static let missing = Status(
    .unauthenticated,
    "this node wants to know who calls: send the metadata \"authorization: Bearer TOKEN\"",
    info: ErrorInfo(reason: "CREDENTIALS_MISSING"))
  private static let malformed = Status(
    .unauthenticated, "the metadata \"authorization\" is not \"Bearer TOKEN\"",
    info: ErrorInfo(reason: "CREDENTIALS_MALFORMED"))
  private static let unknownToken = Status(
    .unauthenticated, "the bearer token is nobody's on this node",
    info: ErrorInfo(reason: "CREDENTIALS_UNKNOWN"))
  private static let unknownCertificate = Status(
    .unauthenticated, "the client certificate is nobody's on this node, and there is no token",
    info: ErrorInfo(reason: "CREDENTIALS_UNKNOWN"))

  private static func roleMissing(_ role: Role, _ caller: Principal, _ path: String) -> Status {
    Status(
      .permissionDenied,
      "\(path) takes the role \(role.rawValue), and \(caller.name) has \(caller.roles)",
      info: ErrorInfo(
        reason: "ROLE_MISSING",
        metadata: ["role": role.rawValue, "caller": caller.name, "method": path]))
  }
}

/// What one connection's credentials led to.
private final class Verdict {
  let generation: Int
  let result: Result<Principal, Status>
  /// The header's value; nil: there was none.
  private let authorization: [UInt8]?

  init(authorization: RawSpan?, generation: Int, result: Result<Principal, Status>) {
    if let authorization {
      self.authorization = authorization.withUnsafeBytes { Array($0) }
    } else {
      self.authorization = nil
    }
    self.generation = generation
    self.result = result
  }

  /// The verdict is about this header. Its time may depend on the bytes: they are compared with what
  /// the same connection has presented itself.
  func isOf(_ authorization: RawSpan?) -> Bool {
    guard let authorization, let own = self.authorization else {
      return authorization == nil && self.authorization == nil
    }
    return authorization.equals(own.span.bytes)
  }
}
