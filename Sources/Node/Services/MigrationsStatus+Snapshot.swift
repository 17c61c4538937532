internal import Cluster
internal import LarderAPI

extension MigrationsStatus {
  init(_ snapshot: MigrationsSnapshot, nodeID: String) {
    self.init()
    self.nodeID = nodeID
    self.rateLimit = UInt64(snapshot.bytesPerSecond)
    self.isPaused = snapshot.pausesAll
    self.migrations = snapshot.migrations.map { MigrationStatus($0) }
    self.sentItems = UInt64(snapshot.counts.sent.items)
    self.sentBytes = UInt64(snapshot.counts.sent.bytes)
    self.receivedItems = UInt64(snapshot.counts.received.items)
    self.receivedBytes = UInt64(snapshot.counts.received.bytes)
  }
}

extension MigrationStatus {
  fileprivate init(_ migration: MigrationSnapshot) {
    self.init()
    self.peerID = migration.peer.id
    self.direction = migration.direction.rawValue
    self.shareMillionths = UInt32((migration.share * 1_000_000).rounded())
    self.donePermille = UInt32(migration.donePermille)
    self.items = UInt64(migration.items)
    self.bytes = UInt64(migration.bytes)
    self.bytesPerSecond = UInt64(migration.bytesPerSecond)
    self.secondsLeft = migration.secondsLeft.map { UInt64($0) }
    self.isPaused = migration.isPaused
  }
}

extension DrainStatus {
  init(_ progress: DrainProgress) {
    self.init()
    self.state = progress.state.rawValue
    self.entriesLeft = UInt64(progress.left.entries)
    self.bytesLeft = UInt64(progress.left.bytes)
    self.heirs = progress.left.parts.map { HeirLeft($0) }
  }
}

extension HeirLeft {
  fileprivate init(_ part: LeftBehind.Part) {
    self.init()
    self.heirID = part.heir.id
    self.entries = UInt64(part.entries)
    self.bytes = UInt64(part.bytes)
    self.silentMilliseconds = UInt64(part.silence / .milliseconds(1))
    self.isGivenUp = part.isGivenUp
  }
}
