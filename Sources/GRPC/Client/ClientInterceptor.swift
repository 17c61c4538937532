public import NIOCore

/// Sees every call of a `ClientChannel`, unary or streaming, before it is sent and after its end:
/// credentials, metrics, logs.
///
/// Runs in the task that makes the call, or on the channel's event loop, and must not block; several
/// calls are told of at the same time. A channel without interceptors pays nothing for them.
public protocol ClientInterceptor: AnyObject, Sendable {
  /// A call is about to be made; metadata may be added to it. Interceptors are asked in the order of
  /// `ClientConfiguration.interceptors`; the first to throw ends the call, which is then not made.
  func begin(_ call: inout ClientCallHead) throws(Status)

  /// A call has ended, well or not. Once for each call, of every interceptor whose `begin` was asked.
  ///
  /// - Parameter duration: since `begin`, connecting and a second attempt included.
  func end(_ call: ClientCallHead, _ status: Status, duration: TimeAmount)
}

extension ClientInterceptor {
  public func end(_ call: ClientCallHead, _ status: Status, duration: TimeAmount) {}
}

/// One call as interceptors see it.
public struct ClientCallHead: Sendable {
  /// `/package.Service/Method`.
  public let path: String
  /// The server, as `host:port`.
  public let peer: String
  /// What is sent before the call's first message.
  public var metadata: Metadata

  init(path: String, peer: String, metadata: Metadata) {
    self.path = path
    self.peer = peer
    self.metadata = metadata
  }
}

/// Adds a bearer token to every call.
public final class BearerTokenInterceptor: ClientInterceptor {
  private let value: [UInt8]

  public init(_ token: BearerToken) { self.value = token.headerValue }

  public func begin(_ call: inout ClientCallHead) {
    call.metadata.add(BearerToken.metadataName, bytes: self.value)
  }
}

/// The interceptors of one call, from its begin to its end.
struct InterceptedClientCall: Sendable {
  private(set) var head: ClientCallHead
  private var asked: [any ClientInterceptor] = []
  private let began = NIODeadline.now()

  init(_ head: ClientCallHead) { self.head = head }

  /// Asks each of `interceptors`.
  ///
  /// - Throws: what one of them refused the call with; those asked have heard of it.
  mutating func begin(_ interceptors: [any ClientInterceptor]) throws(Status) {
    for interceptor in interceptors {
      self.asked.append(interceptor)
      do throws(Status) {
        try interceptor.begin(&self.head)
      } catch {
        self.end(error)
        throw error
      }
    }
  }

  func end(_ status: Status) {
    let duration = NIODeadline.now() - self.began
    for interceptor in self.asked { interceptor.end(self.head, status, duration: duration) }
  }
}
