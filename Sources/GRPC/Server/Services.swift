internal import HTTP2
public import NIOCore

/// Serves unary calls, each whole before `serve` is called.
///
/// `serve` runs on the connection's event loop and must not block: it replies, fails, or parks the
/// call to answer it later. Several loops call at the same time.
public protocol UnaryService: AnyObject, Sendable {
  func serve(_ call: borrowing UnaryCall)
}

/// Serves streaming calls, each in a task of its own.
public protocol StreamingService: AnyObject, Sendable {
  /// Returns when the call is done; throws a `Status` to fail it. The task is cancelled when the
  /// client goes away or its deadline passes.
  func serve(_ call: StreamingCall) async throws
}

/// Which methods a service serves; their position in `paths` is the `method` its calls carry.
public enum ServiceRegistration: Sendable {
  case unary(paths: [String], any UnaryService)
  case streaming(paths: [String], any StreamingService)

  /// `/package.Service/Method` of each method.
  public var paths: [String] {
    switch self {
    case .unary(let paths, _), .streaming(let paths, _): paths
    }
  }
}

/// All methods of a server, by their index in its method table.
struct Router: Sendable {
  enum Handler: Sendable {
    case unary(any UnaryService, method: Int)
    case streaming(any StreamingService, method: Int)
  }

  let table: MethodTable
  /// `/package.Service/Method`, by index, as are `handlers`.
  let paths: [String]
  let handlers: [Handler]
  let interceptors: [any ServerInterceptor]

  init(_ services: [ServiceRegistration], interceptors: [any ServerInterceptor] = []) {
    self.paths = services.flatMap(\.paths)
    self.table = MethodTable(self.paths)
    self.interceptors = interceptors
    self.handlers = services.flatMap { service in
      service.paths.indices.map { method in
        switch service {
        case .unary(_, let service): .unary(service, method: method)
        case .streaming(_, let service): .streaming(service, method: method)
        }
      }
    }
  }
}

/// A streaming call as its handler sees it.
public final class StreamingCall: Sendable {
  /// Position in the paths the service registered.
  public let method: Int
  public let metadata: Metadata
  /// When the client stops waiting; nil: never.
  public let deadline: NIODeadline?
  /// Who makes the call, as an interceptor found out.
  public let caller: (any AnyObject & Sendable)?
  private let pipe: MessagePipe

  init(
    method: Int, metadata: Metadata, deadline: NIODeadline?,
    caller: (any AnyObject & Sendable)?, pipe: MessagePipe
  ) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.caller = caller
    self.pipe = pipe
  }

  /// The client's messages, in order, until it has sent its last. One reader.
  public var messages: some AsyncSequence<ByteBuffer, any Error> { self.pipe.messages }

  /// Sends one message; returns when there is room for another.
  ///
  /// - Throws: a `Status` when the call has ended: the client cancelled, or is gone.
  public func send(_ message: ByteBuffer) async throws {
    try await self.pipe.send(message) { connection, stream in
      if !stream.isHeadSubmitted {
        connection.session.respond(stream, head: Trailers.responseHead)
      }
    }
  }
}
