internal import GRPC
internal import Logging
internal import NIOCore

/// Which calls are logged.
public enum AccessLogMode: String, CaseIterable, Sendable {
  /// None.
  case off
  /// Those that ended with another status than OK.
  case errors
  /// Every call.
  case all
}

/// Writes a record for each call when it has ended, at level info.
final class AccessLog: ServerInterceptor {
  private let isAll: Bool
  private let logger: Logger

  /// - Parameter mode: not `off`: a node that logs no calls has no access log.
  init(mode: AccessLogMode, logger: Logger) {
    precondition(mode != .off, "nothing to log")
    self.isAll = mode == .all
    self.logger = logger
  }

  func begin(_ call: borrowing InterceptedCall) {}

  func end(_ call: borrowing InterceptedCall, _ outcome: CallOutcome) {
    guard self.isAll || outcome.code != .ok else { return }
    var metadata: Logger.Metadata = [
      "method": "\(call.path ?? MethodMetrics.other)", "code": "\(outcome.code)",
      "duration-us": "\(outcome.duration.nanoseconds / 1_000)",
      "peer": "\(Self.text(call.peer.address))",
    ]
    if let caller = call.caller as? Principal { metadata["caller"] = "\(caller.name)" }
    self.logger.info("call", metadata: metadata)
  }

  /// `127.0.0.1:50312`.
  private static func text(_ address: SocketAddress?) -> String {
    guard let host = address?.ipAddress, let port = address?.port else { return "unknown" }
    return HostPort(host: host, port: port).description
  }
}
