internal import NIOCore
internal import Snapshot

/// What a node has written of its entries, since it started.
struct SnapshotMetrics: Equatable, Sendable {
  /// Snapshots that were written, and that could not be.
  private(set) var written = 0
  private(set) var failed = 0
  /// The last one: when it was done, in nanoseconds since 1970; 0: there is none yet.
  private(set) var lastNanoseconds: Int64 = 0
  private(set) var lastDuration = TimeAmount.zero
  private(set) var last = SnapshotSummary()

  mutating func add(
    _ result: Result<SnapshotSummary, SnapshotError>, duration: TimeAmount, endNanoseconds: Int64
  ) {
    switch result {
    case .success(let summary):
      self.written += 1
      self.last = summary
      self.lastDuration = duration
      self.lastNanoseconds = endNanoseconds
    case .failure: self.failed += 1
    }
  }

  func write(_ page: inout PrometheusText) {
    page.begin("larder_snapshots_total", .counter, "Snapshots, by how they ended.")
    page.sample(self.written, [("result", "ok")])
    page.sample(self.failed, [("result", "failed")])
    page.begin(
      "larder_snapshot_last_seconds", .gauge,
      "When the last snapshot was done, in seconds since 1970; 0: none since the start.")
    page.sample(PrometheusText.seconds(nanoseconds: self.lastNanoseconds))
    page.begin(
      "larder_snapshot_duration_seconds", .gauge, "How long the last snapshot took to write.")
    page.sample(PrometheusText.seconds(nanoseconds: self.lastDuration.nanoseconds))
    page.single("larder_snapshot_entries", .gauge, "Of the last snapshot.", self.last.entries)
    page.single("larder_snapshot_bytes", .gauge, "Of the last snapshot.", self.last.bytes)
  }
}
