internal import Etcd

// What a node tells an operator who lets other machines reach it.
extension NodeConfiguration {
  /// An address on which the node accepts calls.
  private struct Door {
    let setting: Setting
    let address: HostPort
    let isEncrypted: Bool
    /// Whether the node knows who comes in by it.
    let knowsCallers: Bool
  }

  /// Those that other machines can reach.
  private var openDoors: [Door] {
    let isEncrypted = self.tls.certificateFile != nil
    let demandsCertificates =
      self.tls.clientAuthoritiesFile != nil && self.tls.clientAuthentication == .require
    let hasTokens = self.tokensFile != nil
    var doors = [
      Door(
        setting: .listen, address: self.listen, isEncrypted: isEncrypted,
        knowsCallers: hasTokens || isEncrypted && demandsCertificates)
    ]
    if let address = self.tls.plaintextListen {
      doors.append(
        Door(
          setting: .plaintextListen, address: address, isEncrypted: false,
          knowsCallers: hasTokens))
    }
    return doors.filter { !$0.address.isLoopback }
  }

  /// What is wrong with where the node listens; empty: nothing. A cache that anybody on the network
  /// can read and empty must be what its operator wants, not what happens by default.
  func exposureProblems(origins: SettingOrigins) -> [ConfigurationProblem] {
    guard !self.isInsecure else { return [] }
    var problems = self.openDoors.filter { !$0.knowsCallers }.map { door in
      ConfigurationProblem(
        settings: [door.setting.name],
        message: "\(door.setting.name) (\(origins.describe(door.setting, in: self))) lets other"
          + " machines in, but the node would not know who calls: whoever reaches it could read and"
          + " delete everything. Give the callers tokens (--tokens), demand client certificates"
          + " (--tls-ca), or say --insecure if the network keeps others out.")
    }
    if self.isAdminOpen {
      problems.append(
        ConfigurationProblem(
          settings: [Setting.admin.name],
          message: "\(Setting.admin.name) (\(origins.describe(.admin, in: self))) can be reached"
            + " from other machines, but the admin pages have neither TLS nor authentication. Give"
            + " an address of the loopback interface, such as 127.0.0.1:7680, or off; or say"
            + " --insecure if the network keeps others out."))
    }
    return problems
  }

  /// Whether other machines can reach the admin pages.
  private var isAdminOpen: Bool { self.admin.map { !$0.isLoopback } ?? false }

  /// What an operator should know though the node can run so, in whole sentences.
  var warnings: [String] {
    var warnings: [String] = []
    if self.openDoors.contains(where: { !$0.knowsCallers }) {
      warnings.append(
        "The node does not ask who calls, and other machines can reach it (--insecure): whoever"
          + " does can read and delete everything.")
    }
    if self.openDoors.contains(where: { $0.knowsCallers && !$0.isEncrypted }) {
      warnings.append(
        "Tokens and values cross the network in plain text: whoever can listen to it can use them."
          + " Serve TLS (--tls-cert, --tls-key), or let something in front of the node do it.")
    }
    let isInTheClear = self.etcd.endpoints.contains { endpoint in
      !endpoint.isEncrypted && !HostPort(host: endpoint.host, port: endpoint.port).isLoopback
    }
    if self.etcd.user != nil, isInTheClear {
      warnings.append(
        "The password of etcd's user crosses the network in plain text. Serve etcd within TLS, and"
          + " write https:// before its members (--etcd).")
    }
    if self.isAdminOpen {
      warnings.append(
        "Other machines can see the admin pages (--insecure), which tell who calls and how often.")
    }
    return warnings
  }
}
