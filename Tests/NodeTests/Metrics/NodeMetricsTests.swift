import NIOCore
import Testing

@testable import CacheStore
@testable import GRPC
@testable import Node

@Suite struct NodeMetricsTests {
  /// A node with two namespaces, and one method that was called three times.
  private static var metrics: NodeMetrics {
    var store = StoreStatistics(namespaceCount: 2)
    store.memoryLimitBytes = 1 << 30
    store.memoryUsedBytes = 4_096
    store.tableBytes = 512
    store.policyBytes = 256
    store.namespaces[0].hits = 7
    store.namespaces[1].entries = 2
    var server = ServerMetrics(paths: ["/larder.v1.Cache/Get"])
    server.methods[0].started = 4
    var ok = DurationHistogram()
    ok.add(.microseconds(40), count: 2)
    ok.add(.seconds(60), count: 1)
    server.methods[0].ended = [.ok: ok]
    server.methods[1].started = 1
    server.connections.open = 5
    server.connections.frames = FrameMetrics()
    server.handshakes = 8
    server.handshakeFailures = 2
    server.limitHits = [.messageMax: 9]
    var process = ProcessUsage()
    process.cpuNanoseconds = 1_500_000_000
    process.residentBytes = 1 << 20
    return NodeMetrics(
      version: "1.2.3", startedNanoseconds: 1_763_700_000_000_000_000, process: process,
      logLinesLost: 1, namespaces: ["", "a\"b"], store: store, server: server,
      adminHits: AdminLimitHits(connectionsMax: 0, requestMax: 2, timeout: 3))
  }

  @Test func `the page of a known node, to the letter`() {
    let text = Self.metrics.text
    for (part, line) in zip(Self.golden.split(separator: "\n"), text.split(separator: "\n")) {
      #expect(line == part)
    }
    #expect(text == Self.golden)
  }

  @Test func `no sample stands twice, and each stands below its type`() {
    var samples: Set<Substring> = []
    var family = ""
    for line in Self.metrics.text.split(separator: "\n") {
      if line.hasPrefix("# TYPE ") {
        family = String(line.split(separator: " ")[2])
      } else if !line.hasPrefix("#") {
        #expect(line.hasPrefix(family))
        #expect(samples.insert(line.split(separator: " ")[0]).inserted, "\(line)")
      }
    }
    #expect(samples.count > 50)
  }
}
