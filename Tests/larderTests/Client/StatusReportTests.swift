import LarderAPI
import Testing

@testable import larder

@Suite struct StatusReportTests {
  private static var report: StatusReport {
    var status = GetStatusResponse()
    status.nodeID = "cache-1:7600"
    status.version = "0.1.0"
    status.uptimeMilliseconds = 10_000
    status.processID = 42
    status.eventLoops = 2
    status.cpuTimeMicroseconds = 2_500_000
    status.residentBytes = 30 << 20
    status.memoryLimitBytes = 1 << 30
    status.memoryUsedBytes = 256 << 20
    status.connections = 3
    var namespace = NamespaceStatus()
    namespace.entries = 1_234
    namespace.bytes = 2_048
    namespace.hits = 3
    namespace.misses = 1
    status.namespaces = [namespace]
    return StatusReport(status: status)
  }

  @Test func `the text has a line for each fact and a row for each namespace`() {
    #expect(
      Self.report.text == """
        node         cache-1:7600
        version      0.1.0
        process      42, up 10s
        event loops  2
        cpu time     2.5 s (25.0 % of one core)
        memory       256.0 MiB of 1.0 GiB (25.0 %)
        resident     30.0 MiB
        connections  3

        namespace  entries    bytes  hit ratio  writes  deletes  evictions  expirations
        (default)    1,234  2.0 KiB     75.0 %       0        0          0            0

        """)
  }

  @Test func `of a cluster in etcd each member has a row, on the ring or not`() {
    var cluster = ClusterStatus()
    cluster.name = "larder"
    cluster.epoch = "1.42"
    cluster.standing = "leased"
    cluster.lease = "694d7fe32c3a1b05"
    cluster.leaseLeftMilliseconds = 9_449
    cluster.etcdFailures = 2
    var own = MemberStatus()
    own.id = "cache-1:7600"
    own.shareMillionths = 1_000_000
    own.isSelf = true
    own.state = "self"
    own.membership = "active"
    own.incarnation = 1_760_000_000_000
    own.version = "0.1.0"
    own.lease = "694d7fe32c3a1b05"
    var other = MemberStatus()
    other.id = "cache-2:7600"
    other.state = "idle"
    other.membership = "leaving"
    other.incarnation = 1_760_000_000_001
    other.version = "0.2.0"
    other.suspicions = 3
    cluster.members = [own, other]
    #expect(
      cluster.text == """
        cluster larder, epoch 1.42, leased, lease 694d7fe32c3a1b05 for 9.4 s, etcd failures 2

        node            share  member   version  lease             state  connections  calls \
         waiting  failures  suspicions    incarnation
        cache-1:7600  100.0 %  active   0.1.0    694d7fe32c3a1b05  self                          \
                                    1760000000000
        cache-2:7600    0.0 %  leaving  0.2.0    none              idle             0      0     \
           0         0           3  1760000000001

        """)
    #expect(cluster.json.description.contains(#""standing":"leased","lease":"694d7fe32c3a1b05""#))
    var drain = DrainStatus()
    drain.state = "drained"
    cluster.drain = drain
    #expect(cluster.text.hasPrefix("cluster larder, epoch 1.42, leased, drained, lease 694d7"))
    #expect(cluster.json.description.contains(#""drain":{"state":"drained","entries_left":0,"#))
    cluster.drain = nil
    cluster.standing = "isolated"
    cluster.leaseLeftMilliseconds = 0
    #expect(cluster.text.hasPrefix("cluster larder, epoch 1.42, isolated, no lease, etcd"))
    cluster.epoch = ""
    cluster.standing = "joining"
    #expect(cluster.text.hasPrefix("cluster larder, joining, no lease, etcd failures 2\n"))
  }

  @Test func `the JSON has the names of the proto file`() {
    let json = Self.report.json.description
    #expect(json.hasPrefix(#"{"node_id":"cache-1:7600","version":"0.1.0","uptime_ms":10000,"#))
    #expect(json.hasSuffix(#""writes":0,"deletes":0,"evictions":0,"expirations":0}]}"#))
  }
}
