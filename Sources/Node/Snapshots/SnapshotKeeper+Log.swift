internal import CacheStore
internal import Logging
internal import NIOCore
internal import Snapshot

// What a restore tells the operator.
extension SnapshotKeeper {
  func log(_ report: RestoreReport, duration: TimeAmount) {
    var metadata: Logger.Metadata = [
      "path": "\(report.path)", "entries": "\(report.restored)", "bytes": "\(report.bytes)",
      "duration-ms": "\(duration.nanoseconds / 1_000_000)",
    ]
    if let written = report.writtenMilliseconds {
      let age = max(0, NodeClock.wallNanoseconds() / 1_000_000 - Int64(clamping: written))
      metadata["age"] = "\(DurationText.text(milliseconds: age / 1_000 * 1_000))"
    }
    if report.expired > 0 { metadata["expired"] = "\(report.expired)" }
    // Nobody but the restore has used the store yet.
    let evicted = self.store.statistics().total.evictions
    if evicted > 0 { metadata["evicted"] = "\(evicted)" }
    self.logger.info("snapshot restored", metadata: metadata)
    if report.isDamaged { self.logDamage(report) }
    if report.ofUnknownNamespaces > 0 {
      self.logger.warning(
        "entries of namespaces that are not configured were left out",
        metadata: [
          "entries": "\(report.ofUnknownNamespaces)",
          "namespaces": "\(report.unknownNamespaces.map { quoted($0) }.joined(separator: ","))",
        ])
    }
    if report.unwanted > 0 {
      self.logger.warning(
        "entries that other nodes own were left out", metadata: ["entries": "\(report.unwanted)"])
    }
    if report.refused > 0 {
      self.logger.warning(
        "entries that are too large for this configuration were left out",
        metadata: ["entries": "\(report.refused)"])
    }
  }

  private func logDamage(_ report: RestoreReport) {
    var metadata: Logger.Metadata = [
      "lost-bytes": "\(report.damagedBytes)", "lost-blocks": "\(report.damagedBlocks)",
      "lost-entries": "\(max(report.missing, report.damagedEntries))",
    ]
    if let offset = report.firstDamage { metadata["first-at-byte"] = "\(offset)" }
    if report.isTruncated { metadata["truncated"] = "true" }
    if let path = report.setAside { metadata["moved-to"] = "\(path)" }
    self.logger.warning("the snapshot is damaged: what is whole was restored", metadata: metadata)
  }
}
