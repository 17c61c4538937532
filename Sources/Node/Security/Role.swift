/// What a caller may do. No role includes another: who may administer a node need not be able to read
/// what it holds, so a caller gets each role that it is to have by name.
enum Role: String, CaseIterable, Sendable {
  /// Get and GetMany of larder.v1.Cache.
  case read
  /// Every other call of larder.v1.Cache.
  case write
  /// larder.v1.Admin and channelz.
  case admin
  /// larder.v1.Peer: the caller is another node of the cluster.
  case peer
}

/// Some of the roles.
struct Roles: OptionSet, Sendable {
  let rawValue: UInt8

  static let read = Self(.read)
  static let write = Self(.write)
  static let admin = Self(.admin)
  static let peer = Self(.peer)

  init(rawValue: UInt8) { self.rawValue = rawValue }

  init(_ role: Role) {
    switch role {
    case .read: self.rawValue = 1 << 0
    case .write: self.rawValue = 1 << 1
    case .admin: self.rawValue = 1 << 2
    case .peer: self.rawValue = 1 << 3
    }
  }
}

extension Roles: CustomStringConvertible {
  /// `read, write`.
  var description: String {
    Role.allCases.filter { self.contains(Roles($0)) }.map(\.rawValue).joined(separator: ", ")
  }
}
