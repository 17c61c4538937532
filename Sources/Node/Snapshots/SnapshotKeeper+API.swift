internal import GRPC
internal import LarderAPI

// What larder.v1.Admin says of snapshots.
extension SnapshotKeeper {
  static let offStatus = Status(
    .failedPrecondition, "this node keeps no snapshots: start it with --snapshot-dir",
    info: ErrorInfo(reason: "SNAPSHOT_OFF"))
}

extension SnapshotKeeper.Failure {
  var status: Status {
    switch self {
    case .busy:
      Status(
        .aborted, "a snapshot is being written already: ask again when it is done",
        info: ErrorInfo(reason: "SNAPSHOT_BUSY"))
    case .failed(let error):
      Status(.internal, "\(error)", info: ErrorInfo(reason: "SNAPSHOT_FAILED"))
    case .stopping:
      Status(
        .unavailable, "the node is stopping, and writes its last snapshot then",
        info: ErrorInfo(reason: "SNAPSHOT_STOPPING"))
    }
  }
}

extension SnapshotResponse {
  init(_ written: SnapshotKeeper.Written) {
    self.init()
    self.path = written.path
    self.entries = UInt64(written.entries)
    self.bytes = UInt64(written.bytes)
    self.durationMilliseconds = UInt64(written.milliseconds)
  }
}
