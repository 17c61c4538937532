import NIOCore
import Snapshot
import Testing

@testable import Node

@Suite struct SnapshotMetricsTests {
  @Test func `the page says when the last one was done, and how many have failed`() {
    var metrics = SnapshotMetrics()
    var summary = SnapshotSummary()
    summary.entries = 3
    summary.bytes = 4_096
    metrics.add(
      .success(summary), duration: .milliseconds(1_500), endNanoseconds: 1_700_000_000_500_000_000)
    metrics.add(
      .failure(.cancelled), duration: .seconds(9), endNanoseconds: 1_700_000_009_000_000_000)
    var page = PrometheusText()
    metrics.write(&page)
    let samples = page.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      samples == [
        #"larder_snapshots_total{result="ok"} 1"#, #"larder_snapshots_total{result="failed"} 1"#,
        "larder_snapshot_last_seconds 1700000000.5", "larder_snapshot_duration_seconds 1.5",
        "larder_snapshot_entries 3", "larder_snapshot_bytes 4096",
      ])
  }

  @Test func `a node with a directory and without an interval writes on no schedule`() throws {
    let configuration = try load(["snapshot-dir": "/somewhere", "snapshot-interval": "0ms"])
    #expect(configuration.snapshotDirectory == "/somewhere")
    #expect(configuration.limits.snapshotIntervalMilliseconds == 0)
    #expect(try load().snapshotDirectory == nil)
    #expect(try load().limits.snapshotIntervalMilliseconds == 300_000)
  }
}
