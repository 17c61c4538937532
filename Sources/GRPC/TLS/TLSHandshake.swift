internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// Keeps a connection's place in the pipeline until the TLS handshake is over:
///
///     socket | NIOSSLHandler | TLSHandshake    while it lasts
///     socket | NIOSSLHandler | Connection      after it
///
/// So a connection begins with a peer that is known, and has no state for one that is not.
final class TLSHandshake: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  enum Role {
    /// Closes a channel whose handshake takes longer than `timeout`, and tells the names in the
    /// client's certificate.
    case server(timeout: TimeAmount)
    /// Sees to it that the server's certificate is for the server that was called; whoever connects
    /// watches the time.
    case client(of: ServerIdentity)
  }

  /// Why there is no connection.
  enum Failure: Error, Equatable, CustomStringConvertible {
    /// It took longer than it may.
    case timedOut
    /// The peer's fault, in words.
    case refused(String)
    /// The connection was closed before the handshake was over.
    case closed

    var description: String {
      switch self {
      case .timedOut: "handshake-timeout passed"
      case .refused(let reason): reason
      case .closed: "the connection was closed"
      }
    }
  }

  /// The protocol of gRPC, as ALPN names it (RFC 9113, section 3.1).
  static let http2 = "h2"

  private let role: Role
  private var timer: Scheduled<Void>?
  /// Nil once it was called.
  private var whenDone: ((Result<[String], Failure>) -> Void)?

  /// - Parameter whenDone: called once. With the names in a client's certificate it puts the
  ///   connection at the pipeline's end; after a failure the channel is closed.
  init(_ role: Role, whenDone: @escaping (Result<[String], Failure>) -> Void) {
    self.role = role
    self.whenDone = whenDone
  }

  func handlerAdded(context: ChannelHandlerContext) {
    guard case .server(let timeout) = self.role else { return }
    self.timer = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      self.fail(.timedOut, context)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case TLSUserEvent.handshakeCompleted(let negotiated)? = event as? TLSUserEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    // As grpc-go does: a client that says nothing of HTTP/2 is none of ours, or old and broken.
    guard negotiated == Self.http2 else {
      let offer = negotiated.map { "the protocol \"\($0)\"" } ?? "no protocol"
      return self.fail(.refused("ALPN agreed on \(offer); gRPC needs \"h2\""), context)
    }
    do {
      let certificate = try context.pipeline.syncOperations.nioSSL_peerCertificate()
      switch self.role {
      case .server:
        self.finish(.success(try certificate.map(CertificateNames.identities(of:)) ?? []))
      case .client(let server):
        guard let certificate, try server.isMet(by: certificate) else {
          return self.fail(
            .refused(TLSReason.wrongName(of: certificate, expectedName: server.text)), context)
        }
        self.finish(.success([]))
      }
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    } catch {
      self.fail(.refused("the peer's certificate cannot be read: \(error)"), context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    self.fail(.refused(self.reason(error, context)), context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.finish(.failure(.closed))
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.finish(.failure(.closed)) }

  private func fail(_ failure: Failure, _ context: ChannelHandlerContext) {
    guard self.whenDone != nil else { return }
    self.finish(.failure(failure))
    context.close(promise: nil)
  }

  private func finish(_ result: Result<[String], Failure>) {
    self.timer?.cancel()
    self.timer = nil
    guard let whenDone = self.whenDone else { return }
    self.whenDone = nil
    whenDone(result)
  }

  private func reason(_ error: any Error, _ context: ChannelHandlerContext) -> String {
    guard TLSReason.isAbout(error) else { return ConnectFailure.reason(error) }
    var expectedName: String?
    if case .client(let server) = self.role { expectedName = server.text }
    do {
      return TLSReason.text(
        error, of: try context.pipeline.syncOperations.nioSSL_peerCertificate(),
        expectedName: expectedName)
    } catch {
      // TLS has left the pipeline already, and the certificate with it.
      return TLSReason.text(error, of: nil)
    }
  }
}
