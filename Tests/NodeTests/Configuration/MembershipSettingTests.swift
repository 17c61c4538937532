import Cluster
import Etcd
import Testing

@testable import Node

@Suite struct MembershipSettingTests {
  private static let etcd = ["etcd": "127.0.0.1:2379"]

  @Test func `members of an etcd are addresses or URLs with commas between`() throws {
    let configuration = try load(["etcd": "a:2379, http://b,https://[::1]:2381/"])
    #expect(
      configuration.etcd.endpoints.map(\.description)
        == ["http://a:2379", "http://b:2379", "https://[::1]:2381"])
    #expect(try load().etcd.endpoints.isEmpty)
  }

  @Test(arguments: [
    ("a:2379,,b:2379", "has \"\", which is no endpoint of an etcd"),
    ("a:0", "has \"a:0\", which is no endpoint of an etcd"),
    ("ftp://a:1", "has \"ftp://a:1\", which is no endpoint of an etcd"),
    ("a:2379,http://a", "has an endpoint twice"),
  ])
  func `what is no etcd is refused`(text: String, problem: String) throws {
    let found = try problems(["etcd": text])
    #expect(found.count == 1 && found[0].hasPrefix("--etcd: \"\(text)\" \(problem)."))
    #expect(found[0].contains("such as 127.0.0.1:2379"))
  }

  @Test func `peers and etcd exclude each other`() throws {
    let found = try problems(["etcd": "a:2379", "peers": "127.0.0.1:7600,b:7600"])
    #expect(found.count == 1 && found[0].contains("exclude each other"))
    #expect(found[0].contains("127.0.0.1:7600,b:7600 from --peers"))
  }

  @Test func `a snapshot is none of a node that others replace while it is away`() throws {
    let found = try problems(
      Self.etcd.merging(["snapshot-dir": "/var/lib/larder"]) { first, _ in first })
    #expect(found.count == 1 && found[0].contains("/var/lib/larder from --snapshot-dir"))
    #expect(found[0].contains("exclude each other"))
  }

  @Test func `a node that listens everywhere has to say where others reach it`() throws {
    let everywhere = Self.etcd.merging(
      ["listen": "0.0.0.0:7600", "insecure": "true"]) { first, _ in first }
    let found = try problems(everywhere)
    #expect(found.count == 1 && found[0].contains("--advertise cache-1.internal:7600"))
    _ = try load(everywhere.merging(["advertise": "cache-1:7600"]) { first, _ in first })
    // Which port it got the others learn when it has it.
    _ = try load(Self.etcd.merging(["listen": "127.0.0.1:0"]) { first, _ in first })
  }

  @Test(arguments: [
    ("etcd-user", "etcd-password-file"), ("etcd-password-file", "etcd-user"),
    ("etcd-key", "etcd-cert"),
  ])
  func `what is of use only with another setting is not taken alone`(
    name: String, other: String
  ) throws {
    let found = try problems(["etcd": "https://a", name: "x"])
    #expect(found.count == 1 && found[0].hasPrefix("--\(name) is given without \(other), but"))
    _ = try load(["etcd": "https://a", name: "x", other: "y"])
  }

  @Test func `authorities make no sense where nothing is encrypted`() throws {
    let found = try problems(["etcd": "a:2379", "etcd-ca": "ca.pem"])
    #expect(found.count == 1 && found[0].contains("Write https:// before its members."))
    _ = try load(["etcd": "https://a:2379", "etcd-ca": "ca.pem"])
  }

  @Test(arguments: [
    ["etcd-ca": "f"], ["cluster": "other"], ["zone": "a"], ["weight": "2"],
    ["serve-without-lease": "true"],
  ])
  func `without etcd its settings would do nothing, and are refused`(
    flags: [String: String]
  ) throws {
    let found = try problems(flags)
    #expect(found.count == 1 && found[0].contains("makes sense only in a cluster that etcd keeps"))
  }

  @Test func `a token for peers is taken with either kind of cluster`() throws {
    let found = try problems(["peer-token-file": "/t"])
    #expect(found.count == 1 && found[0].contains("makes sense only with other nodes"))
    _ = try load(Self.etcd.merging(["peer-token-file": "/t"]) { first, _ in first })
  }

  @Test(arguments: [["etcd": "a"], ["peers": "127.0.0.1:7600,b:7600"]])
  func `a node that asks who calls must have something to show to the others`(
    cluster: [String: String]
  ) throws {
    func problem(_ flags: [String: String]) throws -> String? {
      // The file of tokens is none, which is another problem.
      let all = cluster.merging(["tokens": "/nonexistent"]) { first, _ in first }
      return try problems(all.merging(flags) { first, _ in first })
        .first { $0.contains("has nothing to show to the other nodes") }
    }
    #expect(try problem([:])?.contains("--peer-token-file") == true)
    #expect(try problem(["peer-token-file": "/t"]) == nil)
    let tls = ["tls-cert": "c", "tls-key": "k"]
    #expect(try problem(tls) != nil, "nobody asks for a certificate")
    #expect(try problem(tls.merging(["tls-ca": "a"]) { first, _ in first }) == nil)
  }

  @Test func `a lease lasts whole seconds`() throws {
    let found = try problems(["etcd": "a", "lease-ttl": "2500ms"])
    #expect(found.count == 1 && found[0].contains("is not in whole seconds"))
  }

  @Test func `membership takes over what a node is told, and has the same defaults`() throws {
    let member = Cluster.Member(id: "a:1", host: "a", port: 1)
    let (byDefault, own) = (
      MembershipConfiguration(member, NodeConfiguration()), MembershipConfiguration(member)
    )
    #expect(byDefault.leaseTTL == own.leaseTTL)
    #expect(byDefault.massLossHold == own.massLossHold)
    #expect(byDefault.clockSkewMax == own.clockSkewMax)
    #expect(byDefault.auditInterval == own.auditInterval)
    #expect(byDefault.servesWithoutLease == own.servesWithoutLease)
    let given = MembershipConfiguration(
      member,
      try load([
        "etcd": "a", "cluster": "c", "lease-ttl": "3s", "mass-loss-hold": "4s",
        "clock-skew-max": "5s", "etcd-audit-interval": "6s", "serve-without-lease": "true",
      ]))
    #expect(given.cluster == "c" && given.leaseTTL == .seconds(3))
    #expect(given.massLossHold == .seconds(4) && given.clockSkewMax == .seconds(5))
    #expect(given.auditInterval == .seconds(6) && given.servesWithoutLease)
    try given.validate()
  }

  @Test func `the others are told what they are to have alike`() throws {
    let shared = SharedSettings(
      try load(["lease-ttl": "3s", "mass-loss-hold": "4s", "value-max": "5KiB"]).limits)
    #expect(
      shared
        == SharedSettings(
          leaseTTLMilliseconds: 3_000, massLossHoldMilliseconds: 4_000, valueMaxBytes: 5_120))
  }

  @Test func `the client of etcd takes over what a node is told, and has the same defaults`() throws
  {
    let (byDefault, own) = (
      EtcdConfiguration(NodeConfiguration()), EtcdConfiguration(endpoints: [])
    )
    #expect(byDefault.callTimeout == own.callTimeout)
    #expect(byDefault.attemptTimeout == own.attemptTimeout)
    #expect(byDefault.keepaliveInterval == own.keepaliveInterval)
    #expect(byDefault.keepaliveTimeout == own.keepaliveTimeout)
    #expect(byDefault.progressInterval == own.progressInterval)
    #expect(byDefault.progressTimeout == own.progressTimeout)
    #expect(byDefault.messageMaxBytes == own.messageMaxBytes)
    #expect(byDefault.watchBufferMaxBytes == own.watchBufferMaxBytes)
    let given = EtcdConfiguration(
      try load([
        "etcd": "a,b", "etcd-call-timeout": "1s", "etcd-attempt-timeout": "2s",
        "etcd-keepalive-interval": "6s", "etcd-keepalive-timeout": "4s",
        "etcd-progress-interval": "7s", "etcd-progress-timeout": "8s",
        "etcd-message-max": "1MiB", "etcd-watch-buffer-max": "2MiB",
      ]))
    #expect(given.endpoints.count == 2)
    #expect(given.callTimeout == .seconds(1) && given.attemptTimeout == .seconds(2))
    #expect(given.keepaliveInterval == .seconds(6) && given.keepaliveTimeout == .seconds(4))
    #expect(given.progressInterval == .seconds(7) && given.progressTimeout == .seconds(8))
    #expect(given.messageMaxBytes == 1 << 20 && given.watchBufferMaxBytes == 2 << 20)
    try given.validate()
  }

  @Test func `handovers take over what a node is told, and have the same defaults`() throws {
    #expect(HandoverLimits(NodeLimits()) == HandoverLimits())
    #expect(NodeLimits().migrationRateBytes == 64 << 20)
    let given = HandoverLimits(
      try load(["etcd": "a", "migration-batch-max": "8KiB", "migration-window": "9"]).limits)
    #expect(given.batchMaxBytes == 8 << 10 && given.window == 9)
  }

  /// What a membership refuses the settings refuse before it.
  @Test func `names of clusters and zones have the bounds that etcd's keys and records have`()
    throws
  {
    let (name, zone) = (String(repeating: "c", count: 64), String(repeating: "z", count: 128))
    let flags = ["etcd": "a", "cluster": name, "zone": zone, "weight": "64.0"]
    let configuration = try load(flags)
    let member = Cluster.Member(
      id: "a:1", host: "a", port: 1, zone: configuration.member.zone,
      weight: configuration.member.weight)
    try MembershipConfiguration(member, configuration).validate()
  }

  @Test(arguments: [
    (Setting.clusterName, "a", "a/b"), (.clusterName, "a", String(repeating: "c", count: 65)),
    (.zone, "a b", "a\nb"), (.zone, "z", String(repeating: "z", count: 129)),
    (.weight, "0.001", "0.0"), (.weight, "64.0", "64.1"), (.weight, "1.0", "nan"),
    (.weight, "1.0", "heavy"), (.leaseTTL, "2s", "1s"), (.leaseTTL, "1h", "3601s"),
    (.massLossHold, "1ms", "0ms"), (.massLossHold, "1d", "2d"),
    (.clockSkewMax, "1ms", "0ms"), (.clockSkewMax, "366d", "367d"),
    (.leaveTimeout, "0ms", "3601s"), (.leaveTimeout, "1h", "3601s"),
    (.handoverTimeout, "0ms", "3601s"), (.handoverTimeout, "1h", "3601s"),
    (.auditInterval, "100ms", "99ms"), (.auditInterval, "1d", "2d"),
    (.migrationRate, "0", "2TiB"), (.migrationRate, "1TiB", "2TiB"),
    (.migrationBatchMax, "4KiB", "3KiB"), (.migrationBatchMax, "16MiB", "17MiB"),
    (.migrationWindow, "1", "0"), (.migrationWindow, "1024", "1025"),
    (.etcdCallTimeout, "10ms", "9ms"), (.etcdCallTimeout, "1h", "3601s"),
    (.etcdAttemptTimeout, "10ms", "9ms"), (.etcdAttemptTimeout, "1h", "3601s"),
    (.etcdKeepaliveInterval, "5s", "4999ms"), (.etcdKeepaliveInterval, "1d", "2d"),
    (.etcdKeepaliveTimeout, "10ms", "9ms"), (.etcdKeepaliveTimeout, "1d", "2d"),
    (.etcdProgressInterval, "100ms", "99ms"), (.etcdProgressInterval, "1d", "2d"),
    (.etcdProgressTimeout, "10ms", "9ms"), (.etcdProgressTimeout, "1d", "2d"),
    (.etcdMessageMax, "64KiB", "63KiB"), (.etcdMessageMax, "1GiB", "2GiB"),
    (.etcdWatchBufferMax, "64KiB", "63KiB"), (.etcdWatchBufferMax, "1GiB", "2GiB"),
  ])
  func `the value at the edge is taken and the one past it refused`(
    setting: Setting, taken: String, refused: String
  ) throws {
    let etcd = Self.etcd
    let flags = etcd.merging([setting.name: taken]) { first, _ in first }
    #expect(setting.text(in: try load(flags)) == taken)
    #expect(try problems(etcd.merging([setting.name: refused]) { first, _ in first }).count == 1)
  }
}
