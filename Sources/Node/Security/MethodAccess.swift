internal import LarderAPI

/// What it takes to call a method.
enum MethodAccess: Equatable, Sendable {
  /// Nothing, not even credentials.
  case open
  /// To be a caller that the node knows.
  case anyCaller
  /// To have this role.
  case role(Role)

  /// - Parameter path: `/package.Service/Method`. A method that is not known here takes the role
  ///   admin: a service that was forgotten must not stand open.
  init(path: String) {
    if let method = Self.cacheMethods[path] {
      self = .role(method.role)
    } else if path.hasPrefix("/grpc.health.v1.Health/") {
      // Probes have no credentials, and learn no more than that the node is there.
      self = .open
    } else if path.hasPrefix("/grpc.reflection.") {
      self = .anyCaller
    } else if path.hasPrefix("/larder.v1.Peer/") {
      self = .role(.peer)
    } else {
      self = .role(.admin)
    }
  }

  private static let cacheMethods = Dictionary(
    uniqueKeysWithValues: CacheMethod.allCases.map { ($0.path, $0) })
}

extension CacheMethod {
  fileprivate var role: Role {
    switch self {
    case .get, .getMany: .read
    case .set, .setMany, .delete, .deleteMany, .increment, .touch: .write
    }
  }
}
