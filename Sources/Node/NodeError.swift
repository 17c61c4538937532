/// What keeps a node from starting.
enum NodeError: Error, CustomStringConvertible {
  /// The setting that gave the address, the address, and why.
  case cannotListen(String, HostPort, any Error)
  case cannotServeAdmin(HostPort, any Error)
  /// The setting that gave the path, the path, and why.
  case unreadable(String, String, String)

  var description: String {
    switch self {
    case .cannotListen(let setting, let address, let error):
      "cannot listen on \(address): \(error). Is another process using the port? "
        + "Choose another address with --\(setting)."
    case .cannotServeAdmin(let address, let error):
      "cannot serve the admin pages on \(address): \(error). Each node on a machine needs an "
        + "address of its own for them: choose another one with --admin, such as "
        + "\(HostPort(host: address.host, port: Swift.min(address.port + 1, 65_535))), or "
        + "--admin off."
    case .unreadable(let setting, let path, let reason):
      "\(setting): \(quoted(path)) \(reason). Expected a PEM file that the node's user may read."
    }
  }
}
