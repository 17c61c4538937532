internal import Cluster
internal import Etcd
internal import NIOCore

// What a node is told about the etcd that keeps its cluster.
extension NodeConfiguration {
  /// What is wrong with the settings of the group "Membership" together.
  func etcdProblems(origins: SettingOrigins) -> [ConfigurationProblem] {
    guard !self.etcd.endpoints.isEmpty else { return self.problemsWithoutEtcd(origins) }
    var problems = self.etcdPairs.compactMap { pair in
      self.problem(of: pair.0, without: pair.1, pair.reason, origins)
    }
    let tls = [Setting.etcdCA, .etcdCert].filter { $0.text(in: self) != nil }
    if let setting = tls.first, !self.etcd.isEncrypted {
      problems.append(
        ConfigurationProblem(
          settings: [setting.name, Setting.etcd.name],
          message: "\(origins[setting.name].label(of: setting.name)) makes sense only with TLS, and"
            + " etcd (\(origins.describe(.etcd, in: self))) has none. Write https:// before its"
            + " members."))
    }
    if self.limits.leaseTTLMilliseconds % 1_000 != 0 {
      problems.append(
        ConfigurationProblem(
          settings: [Setting.leaseTTL.name],
          message: "lease-ttl (\(origins.describe(.leaseTTL, in: self))) is not in whole seconds,"
            + " which is how etcd counts. Give a duration such as 10s."))
    }
    let address = self.advertise ?? self.listen
    if address.isWildcard {
      problems.append(
        ConfigurationProblem(
          settings: [Setting.listen.name, Setting.advertise.name],
          message: "listen (\(origins.describe(.listen, in: self))) is no address at which other"
            + " nodes could call this one. Give the one at which they can with advertise, such as"
            + " --advertise cache-1.internal:\(address.port)."))
    }
    return problems
  }

  /// Settings of which the first makes sense only with the second.
  private var etcdPairs: [(Setting, Setting, reason: String)] {
    [
      (.etcdUser, .etcdPasswordFile, "etcd lets nobody in by the name alone"),
      (.etcdPasswordFile, .etcdUser, "a password belongs to a user"),
      (.etcdCert, .etcdKey, "a certificate is of use only with its key"),
      (.etcdKey, .etcdCert, "a key is of use only with its certificate"),
    ]
  }

  private func problem(
    of setting: Setting, without other: Setting, _ reason: String, _ origins: SettingOrigins
  ) -> ConfigurationProblem? {
    guard setting.text(in: self) != nil, other.text(in: self) == nil else { return nil }
    return ConfigurationProblem(
      settings: [setting.name, other.name],
      message:
        "\(origins[setting.name].label(of: setting.name)) is given without \(other.name), but"
        + " \(reason). Give both, or neither.")
  }

  /// What has no effect is not what its operator thinks it is.
  private func problemsWithoutEtcd(_ origins: SettingOrigins) -> [ConfigurationProblem] {
    let byDefault = NodeConfiguration(coreCount: 1)
    let settings: [Setting] = [
      .etcdUser, .etcdPasswordFile, .etcdCA, .etcdCert, .etcdKey, .clusterName, .zone, .weight,
      .serveWithoutLease,
    ]
    return settings.filter { $0.text(in: self) != $0.text(in: byDefault) }.map { setting in
      ConfigurationProblem(
        settings: [setting.name, Setting.etcd.name],
        message:
          "\(origins[setting.name].label(of: setting.name)) makes sense only in a cluster that"
          + " etcd keeps. Give its members with etcd.")
    }
  }
}

extension MembershipConfiguration {
  /// - Parameter member: this node, as the others are to know it.
  init(_ member: Cluster.Member, _ configuration: NodeConfiguration) {
    self.init(member)
    let limits = configuration.limits
    self.cluster = configuration.member.cluster
    self.leaseTTL = .milliseconds(limits.leaseTTLMilliseconds)
    self.massLossHold = .milliseconds(limits.massLossHoldMilliseconds)
    self.clockSkewMax = .milliseconds(limits.clockSkewMaxMilliseconds)
    self.auditInterval = .milliseconds(limits.auditIntervalMilliseconds)
    self.servesWithoutLease = configuration.member.servesWithoutLease
  }
}

extension SharedSettings {
  /// What the others are told, so that they see whether they have it alike.
  init(_ limits: NodeLimits) {
    self.init(
      leaseTTLMilliseconds: UInt64(limits.leaseTTLMilliseconds),
      massLossHoldMilliseconds: UInt64(limits.massLossHoldMilliseconds),
      valueMaxBytes: UInt64(limits.valueMaxBytes))
  }
}

extension HandoverLimits {
  init(_ limits: NodeLimits) {
    self.init()
    self.batchMaxBytes = limits.migrationBatchMaxBytes
    self.window = limits.migrationWindow
  }
}

extension EtcdConfiguration {
  /// Without what is read from files.
  init(_ configuration: NodeConfiguration) {
    self.init(endpoints: configuration.etcd.endpoints)
    let limits = configuration.limits
    self.callTimeout = .milliseconds(limits.etcdCallTimeoutMilliseconds)
    self.attemptTimeout = .milliseconds(limits.etcdAttemptTimeoutMilliseconds)
    self.keepaliveInterval = .milliseconds(limits.etcdKeepaliveIntervalMilliseconds)
    self.keepaliveTimeout = .milliseconds(limits.etcdKeepaliveTimeoutMilliseconds)
    self.progressInterval = .milliseconds(limits.etcdProgressIntervalMilliseconds)
    self.progressTimeout = .milliseconds(limits.etcdProgressTimeoutMilliseconds)
    self.messageMaxBytes = limits.etcdMessageMaxBytes
    self.watchBufferMaxBytes = limits.etcdWatchBufferMaxBytes
  }
}
