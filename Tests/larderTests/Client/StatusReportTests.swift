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

  @Test func `the JSON has the names of the proto file`() {
    let json = Self.report.json.description
    #expect(json.hasPrefix(#"{"node_id":"cache-1:7600","version":"0.1.0","uptime_ms":10000,"#))
    #expect(json.hasSuffix(#""writes":0,"deletes":0,"evictions":0,"expirations":0}]}"#))
  }
}
