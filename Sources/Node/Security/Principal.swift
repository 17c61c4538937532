internal import CacheStore
internal import GRPC

/// Who makes a call, as a token or a certificate proved, and what that caller may do.
final class Principal: Sendable {
  /// Of the caller's entry in the file of tokens; several entries may share one.
  let name: String
  let roles: Roles
  /// By namespace id, whether the caller may use it; nil: all of them.
  private let namespaces: [Bool]?

  /// - Parameters:
  ///   - namespaces: the ids of those that the caller may use; nil: all.
  ///   - namespaceCount: of the node.
  init(name: String, roles: Roles, namespaces: [Int]?, namespaceCount: Int) {
    self.name = name
    self.roles = roles
    self.namespaces = namespaces.map { ids in
      (0..<namespaceCount).map { ids.contains($0) }
    }
  }

  /// - Parameter namespace: nil: a name that the node does not know. A caller of some namespaces may
  ///   not use it, like every other that is not theirs, lest the answers tell which ones there are.
  func mayUse(_ namespace: NamespaceID?) -> Bool {
    guard let namespaces = self.namespaces else { return true }
    guard let namespace else { return false }
    // One that was made since the file of tokens was read is nobody's yet who is kept to some.
    let number = Int(namespace.rawValue)
    return number < namespaces.count && namespaces[number]
  }
}

extension UnaryCall {
  /// Who makes the call; nil where access control is off, or the method is open to all.
  var principal: Principal? {
    // Nobody but `Authentication` sets the caller of a node's calls, and to nothing else.
    self.caller.map { unsafeDowncast($0, to: Principal.self) }
  }
}
