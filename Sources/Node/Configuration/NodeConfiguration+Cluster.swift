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
