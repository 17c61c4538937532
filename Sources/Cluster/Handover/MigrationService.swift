public import CacheStore
public import GRPC

/// `Peer.Migrate`: streams what this node holds of hashes that it has given up to the node that owns them
/// now. Each stream is served by a task of its own, and never by an event loop.
public final class MigrationService: StreamingService {
  let store: Store
  let source: any HandoverSource
  let register: MigrationRegister
  let limits: HandoverLimits
  let time: @Sendable () -> StoreTime
  let ledger = MigrationLedger()

  /// A start names up to 65,536 ranges, whatever messages of clients may have.
  public let messageTakenBytes = HandoverLimits.requestBytes

  /// - Parameters:
  ///   - register: shows the streams, and holds them to its rate.
  ///   - time: reads the clocks for the store.
  public init(
    store: Store, source: any HandoverSource, register: MigrationRegister,
    limits: HandoverLimits = HandoverLimits(), time: @escaping @Sendable () -> StoreTime
  ) {
    self.store = store
    self.source = source
    self.register = register
    self.limits = limits
    self.time = time
  }

  public func serve(_ call: StreamingCall) async throws {
    let migration = OutgoingMigration(self)
    defer { migration.close() }
    try await withTaskExecutorPreference(self.register.executor) {
      try await withThrowingTaskGroup(of: Bool.self) { group in
        group.addTask {
          try await migration.listen(to: call)
          return false
        }
        group.addTask {
          try await migration.send(to: call)
          return true
        }
        // The heir may say its last word before or after everything was sent.
        while let isSent = try await group.next(), !isSent {}
        group.cancelAll()
      }
    }
  }

  /// A stream begins. Operators find it before the one that it follows hears of it, and leaves: at any
  /// time they find one of the two, and what they want of that counts for both.
  ///
  /// - Parameters:
  ///   - after: the last batch that the heir has.
  ///   - supersede: ends the stream; called when another one of the same migration begins.
  func enter(
    _ key: MigrationLedger.Key, after: UInt64, _ stream: ObjectIdentifier, wakeup: Wakeup,
    supersede: @escaping @Sendable () -> Void
  ) -> OutgoingMigration.Begun {
    let track = self.register.begin(.outbound, key.heir, key.arcs, wakeup: wakeup)
    let point = self.ledger.begin(key, after: after, stream, supersede: supersede)
    return OutgoingMigration.Begun(key: key, track: track, point: point)
  }
}
