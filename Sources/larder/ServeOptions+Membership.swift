import ArgumentParser
import Node

/// Flags of the group "Membership".
struct MembershipOptions: ParsableArguments {
  @Option(.etcd) var etcd: String?
  @Option(.etcdUser) var etcdUser: String?
  @Option(.etcdPasswordFile) var etcdPasswordFile: String?
  @Option(.etcdCA) var etcdCA: String?
  @Option(.etcdCert) var etcdCert: String?
  @Option(.etcdKey) var etcdKey: String?
  @Option(.clusterName) var clusterName: String?
  @Option(.zone) var zone: String?
  @Option(.weight, parsing: .unconditional) var weight: String?
  @Option(.leaseTTL) var leaseTTL: String?
  @Option(.massLossHold) var massLossHold: String?
  @Option(.clockSkewMax) var clockSkewMax: String?
  @Flag(.serveWithoutLease) var serveWithoutLease = false
  @Option(.leaveTimeout) var leaveTimeout: String?
  @Option(.handoverTimeout) var handoverTimeout: String?
  @Option(.auditInterval) var auditInterval: String?
  @Option(.migrationRate) var migrationRate: String?
  @Option(.migrationBatchMax) var migrationBatchMax: String?
  @Option(.migrationWindow) var migrationWindow: String?
  @Option(.etcdCallTimeout) var etcdCallTimeout: String?
  @Option(.etcdAttemptTimeout) var etcdAttemptTimeout: String?
  @Option(.etcdKeepaliveInterval) var etcdKeepaliveInterval: String?
  @Option(.etcdKeepaliveTimeout) var etcdKeepaliveTimeout: String?
  @Option(.etcdProgressInterval) var etcdProgressInterval: String?
  @Option(.etcdProgressTimeout) var etcdProgressTimeout: String?
  @Option(.etcdMessageMax) var etcdMessageMax: String?
  @Option(.etcdWatchBufferMax) var etcdWatchBufferMax: String?

  var given: [(Setting, String?)] {
    [
      (.etcd, self.etcd), (.etcdUser, self.etcdUser),
      (.etcdPasswordFile, self.etcdPasswordFile), (.etcdCA, self.etcdCA),
      (.etcdCert, self.etcdCert), (.etcdKey, self.etcdKey), (.clusterName, self.clusterName),
      (.zone, self.zone), (.weight, self.weight), (.leaseTTL, self.leaseTTL),
      (.massLossHold, self.massLossHold), (.clockSkewMax, self.clockSkewMax),
      (.serveWithoutLease, self.serveWithoutLease ? "true" : nil),
      (.leaveTimeout, self.leaveTimeout), (.handoverTimeout, self.handoverTimeout),
      (.auditInterval, self.auditInterval),
      (.migrationRate, self.migrationRate), (.migrationBatchMax, self.migrationBatchMax),
      (.migrationWindow, self.migrationWindow),
      (.etcdCallTimeout, self.etcdCallTimeout), (.etcdAttemptTimeout, self.etcdAttemptTimeout),
      (.etcdKeepaliveInterval, self.etcdKeepaliveInterval),
      (.etcdKeepaliveTimeout, self.etcdKeepaliveTimeout),
      (.etcdProgressInterval, self.etcdProgressInterval),
      (.etcdProgressTimeout, self.etcdProgressTimeout), (.etcdMessageMax, self.etcdMessageMax),
      (.etcdWatchBufferMax, self.etcdWatchBufferMax),
    ]
  }
}
