internal import Glibc
internal import NIOCore

/// What keeps a node from starting.
enum NodeError: Error, CustomStringConvertible {
  /// The setting that gave the address, the address, and why.
  case cannotListen(String, HostPort, any Error)
  case cannotServeAdmin(HostPort, any Error)
  /// What gave the path, the path, and why.
  case unreadable(String, String, String)
  /// What gave the path of the file of the peers' token, the path, and what the file holds.
  case noToken(String, String, String)
  /// What gave the path of the file of etcd's password, the path, and what is wrong with the file.
  case noPassword(String, String, String)
  /// This node's address, and the list in which it is not.
  case notAmongPeers(HostPort, [HostPort])
  /// This node's address, and those of the list that all are this node.
  case peersAreOneNode(HostPort, [HostPort])

  /// A file or a setting is to be changed; other errors are of the machine and the moment.
  var isOfConfiguration: Bool {
    switch self {
    case .unreadable, .noToken, .noPassword, .notAmongPeers, .peersAreOneNode: true
    case .cannotListen, .cannotServeAdmin: false
    }
  }

  var description: String {
    switch self {
    case .cannotListen(let setting, let address, let error):
      "cannot listen on \(address): \(Self.reason(error)). Choose another address with --\(setting)."
    case .cannotServeAdmin(let address, let error):
      "cannot serve the admin pages on \(address): \(Self.reason(error)). Each node on a machine needs an "
        + "address of its own for them: choose another one with --admin, such as "
        + "\(HostPort(host: address.host, port: Swift.min(address.port + 1, 65_535))), or "
        + "--admin off."
    case .noToken(let place, let path, let problem):
      "\(place): \(quoted(path)) \(problem). Expected a file with one bearer token, as the other"
        + " nodes' files of tokens have it, which the node's user may read."
    case .noPassword(let place, let path, let problem):
      "\(place): \(quoted(path)) \(problem). Expected a file with the password of etcd-user in"
        + " its first line, which the node's user may read."
    case .notAmongPeers(let own, let peers):
      "peers: this node is \(own) and is not in the list"
        + " \(peers.map(\.description).joined(separator: ",")). Give the address that the list has for"
        + " it with --advertise, or add it, on every node."
    case .peersAreOneNode(let own, let peers):
      "peers: \(peers.map(\.description).joined(separator: " and ")) are the same node, this one"
        + " (\(own)). List it once, in the same spelling on every node."
    case .unreadable(let place, let path, let reason):
      "\(place): \(quoted(path)) \(reason). Expected a PEM file that the node's user may read."
    }
  }

  /// Why the system lets nobody listen.
  private static func reason(_ error: any Error) -> String {
    guard let error = error as? IOError else { return "\(error)" }
    switch error.errnoCode {
    case EADDRINUSE: return "the address is in use"
    case EADDRNOTAVAIL: return "this machine does not have the address"
    case EACCES: return "the node's user may not use the port"
    default: return "\(error)"
    }
  }
}
