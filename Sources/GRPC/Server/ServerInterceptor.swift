internal import HTTP2
public import NIOCore

/// Sees every call of a server, unary or streaming, before its handler and after its end:
/// authentication, rate limits, logs. Calls that are refused on their head alone, such as those of
/// methods that the server does not have, are among them; they have no `method`.
///
/// Runs on the connection's event loop and must not block; several loops call at the same time. A
/// server without interceptors pays nothing for them.
public protocol ServerInterceptor: AnyObject, Sendable {
  /// Whether it finds out who calls. On a server that asks, those who stay unknown get less room.
  var asksForCallers: Bool { get }

  /// The head of a call is here, and nothing of its messages was looked at. Interceptors are asked
  /// in the order in which the server was given them; the first to throw ends the call. A call that
  /// is refused on its head ends with what was thrown instead; a request that is no gRPC does not.
  func begin(_ call: borrowing InterceptedCall) throws(Status)

  /// A call has ended, well or not. Once for each call, of every interceptor whose `begin` was asked.
  func end(_ call: borrowing InterceptedCall, _ outcome: CallOutcome)
}

extension ServerInterceptor {
  public var asksForCallers: Bool { false }
  public func end(_ call: borrowing InterceptedCall, _ outcome: CallOutcome) {}
}

/// How a call ended.
public struct CallOutcome: Sendable {
  public let code: StatusCode
  /// From the head of the request to the last of the answer being ready to send.
  public let duration: TimeAmount
}

/// One call as interceptors see it. Does not outlive the turn of the connection that made it.
public struct InterceptedCall: ~Copyable {
  // As for `UnaryCall`.
  private unowned(unsafe) let connection: ServerConnection
  private let stream: HTTP2.Stream
  /// Of the interceptor that sees the call, among the server's.
  private let index: Int

  init(connection: ServerConnection, stream: HTTP2.Stream, index: Int) {
    self.connection = connection
    self.stream = stream
    self.index = index
  }

  /// `/package.Service/Method`; nil where `method` is. What clients send never becomes a name here.
  public var path: String? { self.connection.path(of: self.stream) }

  /// Position of the method among the paths of all services, in the order in which the server was
  /// given them: for tables, which are faster than looking for `path`. Nil for a call that is refused
  /// on its head: its method is unknown, its timeout or compression is none, or it is not gRPC.
  public var method: Int? {
    let handler = self.connection.calls.of(self.stream).pointee.handler
    return handler < 0 ? nil : handler
  }

  /// The request's metadata, as it came.
  public var metadata: MetadataView {
    @_lifetime(borrow self)
    get {
      // The head lives as long as the stream's record, which `self` does not outlive.
      let head = _overrideLifetime(
        RawSpan(_unsafeBytes: self.stream.headBuffer), borrowing: self)
      return MetadataView(HeaderFields(head))
    }
  }

  /// Who is at the other end of the connection.
  public var peer: ConnectionPeer { self.connection.peer }

  /// Time of the batch that the call, or its end, came in.
  public var now: NIODeadline { self.connection.now }

  /// Who makes the call, as an interceptor found out; the handler sees it too.
  public var caller: (any AnyObject & Sendable)? {
    get { self.connection.calls.of(self.stream).pointee.caller }
    nonmutating set { self.connection.calls.of(self.stream).pointee.caller = newValue }
  }

  /// What the interceptor keeps about the connection, for as long as that lasts; each interceptor has
  /// a place of its own. Nil until it is set.
  public var memory: AnyObject? {
    get { self.connection.memory(ofInterceptor: self.index) }
    nonmutating set { self.connection.setMemory(ofInterceptor: self.index, newValue) }
  }

  /// Counts that the peer ran into a limit.
  public func count(_ limit: PeerLimit) { self.connection.resources.limitHits.count(limit) }
}
