// The settings of the group "Membership": which etcd keeps the cluster, and how the node stands in it.
extension Setting {
  static let membership: [Setting] =
    [.etcd, .etcdUser, .etcdPasswordFile, .etcdCA, .etcdCert, .etcdKey]
    + [.clusterName, .zone, .weight]
    + [
      .leaseTTL, .massLossHold, .clockSkewMax, .serveWithoutLease, .leaveTimeout, .handoverTimeout,
      .auditInterval,
    ]
    + [.migrationRate, .migrationBatchMax, .migrationWindow]
    + [.etcdCallTimeout, .etcdAttemptTimeout, .etcdKeepaliveInterval, .etcdKeepaliveTimeout]
    + [.etcdProgressInterval, .etcdProgressTimeout, .etcdMessageMax, .etcdWatchBufferMax]

  private static let hourMilliseconds: Int64 = 3_600_000
  private static let dayMilliseconds: Int64 = 86_400_000

  package static let etcd = Setting(
    "etcd", .membership, .etcd,
    "Members of the etcd that keeps the cluster: HOST:PORT, http:// or https:// before it. The node"
      + " joins the cluster there, and leaves it when it is stopped.")
  package static let etcdUser = Setting(
    "etcd-user", .membership, .etcdUser, "Name by which etcd knows the node, if it has users.")
  package static let etcdPasswordFile = Setting(
    "etcd-password-file", .membership, .file(\.etcd.passwordFile),
    "File with the password of --etcd-user.")
  package static let etcdCA = Setting(
    "etcd-ca", .membership, .file(\.etcd.authoritiesFile),
    derivedDefault: "those that the system trusts",
    "PEM file of the authorities that etcd's certificate must come from.")
  package static let etcdCert = Setting(
    "etcd-cert", .membership, .file(\.etcd.certificateFile),
    "PEM file of the certificate that etcd is shown, if it demands one.")
  package static let etcdKey = Setting(
    "etcd-key", .membership, .file(\.etcd.keyFile),
    "PEM file of the private key of --etcd-cert.")
  package static let clusterName = Setting(
    "cluster", .membership, .clusterName,
    "Name of the cluster; one etcd may keep several.")
  package static let zone = Setting(
    "zone", .membership, .zone,
    "Where the node stands, such as a rack: a key's owners are in different zones if there are any."
  )
  package static let weight = Setting(
    "weight", .membership, .weight,
    "The node's part of the keys, relative to the other nodes.")
  package static let leaseTTL = Setting(
    "lease-ttl", .membership,
    .milliseconds(\.limits.leaseTTLMilliseconds, 2_000...hourMilliseconds),
    "Time after which a node that etcd does not hear from has left the cluster. Whole seconds; the"
      + " same for every node.")
  package static let massLossHold = Setting(
    "mass-loss-hold", .membership,
    .milliseconds(\.limits.massLossHoldMilliseconds, 1...dayMilliseconds),
    "Time for which the nodes stay on the ring when more than half of them are gone from etcd at once;"
      + " the same for every node.")
  package static let clockSkewMax = Setting(
    "clock-skew-max", .membership,
    .milliseconds(\.limits.clockSkewMaxMilliseconds, 1...(366 * dayMilliseconds)),
    "How far the clock of another node may be ahead of this one's.")
  package static let serveWithoutLease = Setting(
    "serve-without-lease", .membership, .toggle(\.member.servesWithoutLease),
    "Serve on when etcd has not heard from the node for --lease-ttl, though others may have its keys."
  )
  package static let leaveTimeout = Setting(
    "leave-timeout", .membership,
    .milliseconds(\.limits.leaveTimeoutMilliseconds, 0...hourMilliseconds),
    "Time that a node which is told to stop waits until it is off the ring.")
  package static let handoverTimeout = Setting(
    "handover-timeout", .membership,
    .milliseconds(\.limits.handoverTimeoutMilliseconds, 0...hourMilliseconds),
    "Time in which a node that stops, and is off the ring, hands its entries over, at most: it waits for"
      + " nobody who gives no sign of life for longer than --lease-ttl and 5 s. What is left then is"
      + " lost.")
  package static let auditInterval = Setting(
    "etcd-audit-interval", .membership,
    .milliseconds(\.limits.auditIntervalMilliseconds, 100...dayMilliseconds),
    "Time between two lists of all nodes, which show whether the watch has shown everything.")
  package static let migrationRate = Setting(
    "migration-rate", .membership, .bytes(\.limits.migrationRateBytes, 0...(1 << 40)),
    "Bytes a second at which the node sends entries to those that own them now, all together; 0: as"
      + " fast as it goes.")
  package static let migrationBatchMax = Setting(
    "migration-batch-max", .membership,
    .bytes(\.limits.migrationBatchMaxBytes, (4 << 10)...(16 << 20)),
    "Size of one batch of these entries; one that is larger goes by itself.")
  package static let migrationWindow = Setting(
    "migration-window", .membership, .count(\.limits.migrationWindow, 1...1_024),
    "Batches under way to one node that it has not acknowledged.")
  package static let etcdCallTimeout = Setting(
    "etcd-call-timeout", .membership,
    .milliseconds(\.limits.etcdCallTimeoutMilliseconds, 10...hourMilliseconds),
    "Time for one call of etcd, all its attempts included.")
  package static let etcdAttemptTimeout = Setting(
    "etcd-attempt-timeout", .membership,
    .milliseconds(\.limits.etcdAttemptTimeoutMilliseconds, 10...hourMilliseconds),
    "Time that one member of etcd has to answer before the next is asked.")
  package static let etcdKeepaliveInterval = Setting(
    "etcd-keepalive-interval", .membership,
    .milliseconds(\.limits.etcdKeepaliveIntervalMilliseconds, 5_000...dayMilliseconds),
    "Silence of a member of etcd after which it is sent a PING.")
  package static let etcdKeepaliveTimeout = Setting(
    "etcd-keepalive-timeout", .membership,
    .milliseconds(\.limits.etcdKeepaliveTimeoutMilliseconds, 10...dayMilliseconds),
    "Time that it then has to answer before its connection is given up.")
  package static let etcdProgressInterval = Setting(
    "etcd-progress-interval", .membership,
    .milliseconds(\.limits.etcdProgressIntervalMilliseconds, 100...dayMilliseconds),
    "Silence of the watch of the cluster after which etcd is asked for a sign of life.")
  package static let etcdProgressTimeout = Setting(
    "etcd-progress-timeout", .membership,
    .milliseconds(\.limits.etcdProgressTimeoutMilliseconds, 10...dayMilliseconds),
    "Time that etcd then has to give one before the watch is begun anew elsewhere.")
  package static let etcdMessageMax = Setting(
    "etcd-message-max", .membership,
    .bytes(\.limits.etcdMessageMaxBytes, (64 << 10)...(1 << 30)),
    "Size of one answer of etcd.")
  package static let etcdWatchBufferMax = Setting(
    "etcd-watch-buffer-max", .membership,
    .bytes(\.limits.etcdWatchBufferMaxBytes, (64 << 10)...(1 << 30)),
    "Changes of the cluster that may wait to be looked at before etcd is asked for them again.")
}
