internal import CacheStore
internal import Etcd
internal import GRPC
internal import Logging

/// One setting: a flag, a key of the YAML file and an environment variable of the same name.
///
/// `Setting.all` is the one table of them. Adding a setting there (and the flag in `ServeCommand`,
/// which a test demands) is all it takes to have it parsed, checked, explained and refused.
public struct Setting: Sendable {
  /// What the value is, with the place where it is kept and the range it must be in.
  enum Kind: Sendable {
    case bytes(any WritableKeyPath<NodeConfiguration, Int> & Sendable, ClosedRange<Int>)
    case count(any WritableKeyPath<NodeConfiguration, Int> & Sendable, ClosedRange<Int>)
    case milliseconds(
      any WritableKeyPath<NodeConfiguration, Int64> & Sendable, ClosedRange<Int64>)
    /// On or off: a flag without a value.
    case toggle(any WritableKeyPath<NodeConfiguration, Bool> & Sendable)
    case listen, admin, advertise, nodeID, configFile, logLevel, logFormat, accessLog
    /// The path of a file; not looked at before the node starts.
    case file(any WritableKeyPath<NodeConfiguration, String?> & Sendable)
    /// The path of a directory; as for a file.
    case directory(any WritableKeyPath<NodeConfiguration, String?> & Sendable)
    case tlsClientAuth, tlsMinVersion, plaintextListen
    case compression
    case policy
    /// Addresses, with commas between them.
    case peers, etcd
    case etcdUser, clusterName, zone, weight
  }

  /// The title under which `larder serve --help` shows a setting.
  public enum Group: String, Sendable, CaseIterable {
    /// Where the node is and how it runs.
    case node = "Node"
    /// What is encrypted, and who proves who they are.
    case tls = "TLS"
    /// Who the other nodes are.
    case cluster = "Cluster"
    /// Which etcd keeps the cluster.
    case membership = "Membership"
    /// What it keeps.
    case storage = "Storage"
    /// Who may call it.
    case security = "Security"
    /// What it tells its operator.
    case logging = "Logging"
    /// What it bears from its clients.
    case limits = "Limits"
    /// What it bears from clients that are broken or mean ill.
    case protection = "Protection"
    /// How long it waits for its clients.
    case timeouts = "Timeouts"
  }

  /// Lower case, words joined by hyphens: `value-max`.
  public let name: String
  /// Under which title it is shown.
  public let group: Group
  /// What it does, in one or more sentences.
  public let summary: String
  let kind: Kind
  /// For defaults that are not values of their own, such as "the address of --listen".
  private let derivedDefault: String?

  init(
    _ name: String, _ group: Group, _ kind: Kind, derivedDefault: String? = nil, _ summary: String
  ) {
    self.name = name
    self.group = group
    self.kind = kind
    self.derivedDefault = derivedDefault
    self.summary = summary
  }

  /// `LARDER_VALUE_MAX` for `value-max`.
  public var variableName: String { Self.variableName(of: self.name) }

  /// Stands for the value in a usage line.
  public var valueName: String {
    switch self.kind {
    case .bytes: "size"
    case .count: "number"
    case .milliseconds: "duration"
    case .listen, .advertise, .admin, .plaintextListen: "host:port"
    case .peers: "host:port,..."
    case .etcd: "url,..."
    case .etcdUser, .clusterName, .zone: "name"
    case .weight: "number"
    case .nodeID: "id"
    case .configFile, .file: "file"
    case .directory: "directory"
    case .toggle: "true|false"
    case .tlsClientAuth: "mode"
    case .tlsMinVersion: "version"
    case .logLevel: "level"
    case .logFormat: "format"
    case .accessLog: "calls"
    case .compression: "encoding"
    case .policy: "name"
    }
  }

  /// False for a flag that says all by being there; variable and file take true and false for it.
  public var takesValue: Bool {
    if case .toggle = self.kind { return false }
    return true
  }

  /// The default as one would write it, or in words.
  public var defaultText: String {
    self.derivedDefault ?? self.text(in: NodeConfiguration()) ?? "none"
  }

  /// The setting's value in `configuration` as one would write it; nil where there is none.
  public func text(in configuration: NodeConfiguration) -> String? {
    switch self.kind {
    case .bytes(let path, _): ByteCount(bytes: configuration[keyPath: path]).description
    case .count(let path, _): "\(configuration[keyPath: path])"
    case .milliseconds(let path, _):
      DurationText.text(milliseconds: configuration[keyPath: path])
    case .listen: configuration.listen.description
    case .advertise: configuration.advertise?.description
    case .admin: configuration.admin?.description ?? "off"
    case .nodeID: configuration.nodeID
    case .configFile: configuration.configFile
    case .file(let path), .directory(let path): configuration[keyPath: path]
    case .toggle(let path): "\(configuration[keyPath: path])"
    case .tlsClientAuth: configuration.tls.clientAuthentication.rawValue
    case .tlsMinVersion: configuration.tls.minimumVersion.rawValue
    case .plaintextListen: configuration.tls.plaintextListen?.description
    case .logLevel: configuration.logLevel.rawValue
    case .logFormat: configuration.logFormat.rawValue
    case .accessLog: configuration.accessLog.rawValue
    case .compression: configuration.compression.rawValue
    case .policy: configuration.policy.rawValue
    case .peers:
      configuration.peers.isEmpty
        ? nil : configuration.peers.map(\.description).joined(separator: ",")
    case .etcd:
      configuration.etcd.endpoints.isEmpty
        ? nil : configuration.etcd.endpoints.map(\.description).joined(separator: ",")
    case .etcdUser: configuration.etcd.user
    case .clusterName: configuration.member.cluster
    case .zone: configuration.member.zone.isEmpty ? nil : configuration.member.zone
    case .weight: "\(configuration.member.weight)"
    }
  }

  /// The value of a setting of kind `bytes`. Traps for another kind: the caller chose the setting.
  func bytes(in configuration: NodeConfiguration) -> Int {
    guard case .bytes(let path, _) = self.kind else {
      preconditionFailure("\(self.name) is not a size")
    }
    return configuration[keyPath: path]
  }

  /// `LARDER_` and the name in upper case with underscores.
  static func variableName(of name: String) -> String {
    "LARDER_" + String(name.uppercased().map { $0 == "-" ? "_" : $0 })
  }
}

/// Why a setting refuses a text.
struct SettingRefusal: Error, Equatable {
  /// Completes `"12XB" …`: "is not a size".
  let problem: String
  /// Completes "Expected …".
  let expected: String
}
