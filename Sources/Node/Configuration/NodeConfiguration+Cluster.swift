internal import Cluster
internal import Etcd
internal import GRPC
internal import NIOCore

// What a node is told about its cluster.
extension NodeConfiguration {
  /// The node is one of several.
  var isClustered: Bool { !self.peers.isEmpty || !self.etcd.endpoints.isEmpty }

  /// What is wrong with the settings of the cluster together.
  func clusterProblems(origins: SettingOrigins) -> [ConfigurationProblem] {
    let problems =
      self.etcdProblems(origins: origins) + self.snapshotProblems(origins: origins)
      + self.peerProblems(origins: origins)
    guard !self.peers.isEmpty else {
      guard self.peerTokenFile != nil, self.etcd.endpoints.isEmpty else { return problems }
      return problems + [
        ConfigurationProblem(
          settings: [Setting.peerTokenFile.name, Setting.peers.name],
          message: "\(origins[Setting.peerTokenFile.name].label(of: Setting.peerTokenFile.name))"
            + " makes sense only with other nodes. Give them with peers, or their etcd with etcd.")
      ]
    }
    guard self.etcd.endpoints.isEmpty else {
      return problems + [
        ConfigurationProblem(
          settings: [Setting.peers.name, Setting.etcd.name],
          message: "peers (\(origins.describe(.peers, in: self))) and etcd"
            + " (\(origins.describe(.etcd, in: self))) exclude each other: either the nodes are a"
            + " list that never changes, or etcd knows them. Give one of the two.")
      ]
    }
    let address = self.advertise ?? self.listen
    guard address.isWildcard || address.port == 0 else { return problems }
    let setting = self.advertise == nil ? Setting.listen : .advertise
    return problems + [
      ConfigurationProblem(
        settings: [Setting.peers.name, Setting.advertise.name, setting.name],
        message: "\(setting.name) (\(origins.describe(setting, in: self))) does not say which of"
          + " peers this node is. Give its own address in that list with advertise.")
    ]
  }
}

extension NodeConfiguration {
  /// A node that wants to know who calls must tell the others who it is: they are configured alike.
  private func peerProblems(origins: SettingOrigins) -> [ConfigurationProblem] {
    let showsCertificate =
      self.tls.certificateFile != nil && self.tls.clientAuthoritiesFile != nil
    guard self.isClustered, self.tokensFile != nil, self.peerTokenFile == nil, !showsCertificate
    else { return [] }
    return [
      ConfigurationProblem(
        settings: [Setting.tokens.name, Setting.peerTokenFile.name],
        message: "tokens (\(origins.describe(.tokens, in: self))) lets only known callers in, and"
          + " this node has nothing to show to the other nodes. Give it the token of an entry with the role"
          + " peer with --peer-token-file, or a certificate (--tls-cert, --tls-key, --tls-ca) whose"
          + " name such an entry has.")
    ]
  }

  /// While a node is off the ring others own its keys: what it has written down by then is older than
  /// theirs, and a deleted entry would come back with it.
  private func snapshotProblems(origins: SettingOrigins) -> [ConfigurationProblem] {
    guard self.snapshotDirectory != nil, !self.etcd.endpoints.isEmpty else { return [] }
    return [
      ConfigurationProblem(
        settings: [Setting.snapshotDir.name, Setting.etcd.name],
        message: "snapshot-dir (\(origins.describe(.snapshotDir, in: self))) and etcd"
          + " (\(origins.describe(.etcd, in: self))) exclude each other: while this node is away other"
          + " nodes own its keys, and what it had is out of date. Leave snapshot-dir out.")
    ]
  }
}

extension ForwardingConfiguration {
  init(_ limits: NodeLimits) {
    self.init()
    self.connection = Server.Configuration(limits).connection
    self.connectionsPerLoop = limits.peerConnectionsPerLoop
    self.callsMax = limits.peerCallsMax
    self.connectTimeout = .milliseconds(limits.peerConnectTimeoutMilliseconds)
    self.backoffMax = .milliseconds(limits.peerBackoffMaxMilliseconds)
    self.idleTimeout = .milliseconds(limits.peerIdleTimeoutMilliseconds)
    self.keepaliveInterval = .milliseconds(limits.peerKeepaliveIntervalMilliseconds)
    self.keepaliveTimeout = .milliseconds(limits.peerKeepaliveTimeoutMilliseconds)
    self.suspectAfter = .milliseconds(limits.peerSuspectAfterMilliseconds)
    self.forwardTimeout = .milliseconds(limits.forwardTimeoutMilliseconds)
    self.forwardMargin = .milliseconds(limits.forwardMarginMilliseconds)
    self.metadataMaxBytes = limits.forwardMetadataMaxBytes
    self.epochWait = .milliseconds(limits.epochWaitMilliseconds)
    self.handoverWait = .milliseconds(limits.handoverWaitMilliseconds)
    self.handoverCallsMax = limits.handoverCallsMax
    self.clockSkewMax = .milliseconds(limits.clockSkewMaxMilliseconds)
  }
}
