public import CacheStore
internal import GRPC
internal import LarderAPI
internal import NIOCore
internal import Wire

// The heir's side of a migration.
extension HandoverChannels {
  public func migrate(
    _ arcs: ArcSet, heir: MemberProcess, from member: Member, after: UInt64,
    apply: @escaping @Sendable (MigrationBatch) async throws -> Void
  ) async throws(MigrationFailure) {
    let incoming = IncomingMigration(
      arcs, from: member, after: after, skewMaxMilliseconds: self.skewMaxMilliseconds,
      in: self.register)
    defer { incoming.track.end() }
    var start = MigrateStart()
    start.heir = ProcessID(heir)
    start.ranges = arcs.pairs
    start.after = after
    do {
      let call = try await self.streams[member].streaming(
        PeerMethod.migratePath, metadata: self.streams.metadata)
      defer { call.cancel() }
      let silenceMax = self.limits.silenceMax
      let message = ByteBuffer(bytes: MigrateRequest.start(start).serialized())
      try await call.send(message, mayCompress: false)
      try await withTaskExecutorPreference(self.register.executor) {
        try await withThrowingTaskGroup(of: Bool.self) { group in
          group.addTask {
            try await incoming.watch(silenceMax)
            return false
          }
          group.addTask {
            try await incoming.acknowledge(to: call)
            return false
          }
          group.addTask {
            try await incoming.receive(from: call, apply)
            return true
          }
          while let isComplete = try await group.next(), !isComplete {}
          group.cancelAll()
        }
      }
    } catch {
      throw MigrationFailure(acknowledged: incoming.applied, cause: HandoverFailure(error))
    }
  }
}

extension HandoverFailure {
  /// What a stream has failed with.
  fileprivate init(_ error: any Error) {
    switch error {
    case let failure as HandoverFailure: self = failure
    case let status as Status: self.init(status)
    case is CancellationError:
      self = .unreachable(Status(.cancelled, "the task was cancelled"))
    default: self = .notApplied("\(error)")
    }
  }
}
