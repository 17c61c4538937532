// The settings of snapshots: where the node keeps its entries while it is not running.
extension Setting {
  static let snapshot: [Setting] = [.snapshotDir, .snapshotInterval]

  package static let snapshotDir = Setting(
    "snapshot-dir", .storage, .directory(\.snapshotDirectory),
    "Directory to keep entries in while the node is not running: read at start, written when it is"
      + " told to stop. One for each node.")
  package static let snapshotInterval = Setting(
    "snapshot-interval", .storage,
    .milliseconds(\.limits.snapshotIntervalMilliseconds, 0...(365 * 86_400_000)),
    "With --snapshot-dir: time between two snapshots while the node runs, for the case that it is"
      + " not told to stop. 0ms: none.")
}
