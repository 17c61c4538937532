/// What services of both kinds say of themselves.
public protocol RPCService: AnyObject, Sendable {
  /// The longest message of a client, in bytes, where that is less than the server takes: for services
  /// whose callers nobody knows.
  var messageMaxBytes: Int { get }
  /// The longest message of a client, in bytes, that is taken even where the server takes less: for
  /// services that cannot work with less.
  var messageTakenBytes: Int { get }
}

extension RPCService {
  public var messageMaxBytes: Int { Int.max }
  public var messageTakenBytes: Int { 0 }
}

/// Serves unary calls, each whole before `serve` is called.
///
/// `serve` runs on the connection's event loop and must not block: it replies, fails, or parks the
/// call to answer it later. Several loops call at the same time.
public protocol UnaryService: RPCService {
  func serve(_ call: borrowing UnaryCall)
}

/// Serves streaming calls, each in a task of its own.
public protocol StreamingService: RPCService {
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

extension ServiceRegistration {
  fileprivate var messageBounds: MessageBounds {
    switch self {
    case .unary(_, let service): MessageBounds(service)
    case .streaming(_, let service): MessageBounds(service)
    }
  }
}

/// Between what a method's messages may have at most, whatever the server takes.
struct MessageBounds: Sendable {
  private let least: Int
  private let most: Int

  fileprivate init(_ service: some RPCService) {
    self.least = service.messageTakenBytes
    self.most = service.messageMaxBytes
  }

  /// - Parameter limit: the server's.
  func maxBytes(_ limit: Int) -> Int { max(self.least, min(limit, self.most)) }
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
  let asksForCallers: Bool
  /// What the server's limit comes to for each method.
  let messageBounds: [MessageBounds]

  init(_ services: [ServiceRegistration], interceptors: [any ServerInterceptor] = []) {
    self.paths = services.flatMap(\.paths)
    self.table = MethodTable(self.paths)
    self.interceptors = interceptors
    self.asksForCallers = interceptors.contains { $0.asksForCallers }
    self.messageBounds = services.flatMap { service in
      Array(repeating: service.messageBounds, count: service.paths.count)
    }
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
