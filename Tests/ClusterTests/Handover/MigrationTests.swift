import CacheStore
import GRPC
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// Entries that go from one store to another over a loopback socket.
@Suite(.timeLimit(.minutes(5))) struct MigrationTests {
  /// So many entries of 100 bytes.
  private func fill(_ store: Store, _ count: Int) {
    for number in 0..<count {
      store.set("key-\(number)", [UInt8](repeating: UInt8(number % 251), count: 100))
    }
  }

  private func expectAll(_ count: Int, in store: Store, as other: Store) {
    var different = 0
    for number in 0..<count where store.copy("key-\(number)") != other.copy("key-\(number)") {
      different += 1
    }
    #expect(different == 0 && store.entryCount == count)
  }

  @Test func `a hundred thousand entries arrive as they are`() async throws {
    try await withHandover { handover in
      self.fill(handover.loserStore, 100_000)
      try await handover.migrate()
      self.expectAll(100_000, in: handover.heirStore, as: handover.loserStore)
      #expect(handover.heirStore.clock.newest >= handover.loserStore.clock.newest)
      let (sent, received) = (
        handover.loserRegister.snapshot(), handover.heirRegister.snapshot()
      )
      #expect(sent.migrations.isEmpty && received.migrations.isEmpty)
      #expect(sent.counts.sent == received.counts.received)
      #expect(sent.counts.sent.items == 100_000 && sent.counts.sent.batches > 10)
      // It begins, and acknowledges each batch.
      let signs = handover.source.heard
      #expect(signs.count > sent.counts.sent.batches && signs.allSatisfy { $0 == heirProcess })
    }
  }

  @Test func `what a store holds besides plain entries arrives too`() async throws {
    try await withHandover { handover in
      let loser = handover.loserStore
      loser.track(.all)
      loser.set("flags", [1], flags: 7)
      loser.set("empty", [])
      loser.set("other", [2], "sessions")
      loser.set("lives", [3], expiry: .after(milliseconds: 3_600_000))
      loser.set("large", [UInt8](repeating: 4, count: 3 << 20))
      loser.set("gone", [5])
      let deleted = loser.with("gone") { loser.delete($0, now: storeTime()) }
      loser.raiseFloors([Floor(cell: 17, version: Version(wallMilliseconds: 1))])
      try await handover.migrate()
      let heir = handover.heirStore
      for key in ["flags", "empty", "large"] { #expect(heir.copy(key) == loser.copy(key)) }
      #expect(heir.copy("other", "sessions") == loser.copy("other", "sessions"))
      guard case .entry([3], _, .after(let left), 0) = heir.copy("lives") else {
        Issue.record("it has no end any more")
        return
      }
      #expect((3_500_000...3_600_000).contains(left))
      guard case .deleted(let version) = deleted else {
        Issue.record("it was not there")
        return
      }
      #expect(heir.copy("gone") == .tombstone(version))
      #expect(heir.floors(in: .all) == loser.floors(in: .all))
    }
  }

  @Test func `what was asked for arrives, and nothing else`() async throws {
    try await withHandover { handover in
      self.fill(handover.loserStore, 1_000)
      let half = ArcSet([0...(UInt64.max / 2)])
      try await handover.migrate(half)
      var wrong = 0
      for number in 0..<1_000 {
        let isHere = handover.heirStore.copy("key-\(number)") != nil
        let belongs = handover.heirStore.with("key-\(number)") { half.contains($0.hash) }
        if isHere != belongs { wrong += 1 }
      }
      #expect(wrong == 0)
    }
  }

  @Test func `a newer entry at the heir stays, and an expired one is not sent`() async throws {
    try await withHandover { handover in
      handover.loserStore.set("a", [1])
      handover.loserStore.set("b", [1], expiry: .after(milliseconds: 1))
      let newer = Version(wallMilliseconds: WallClock.milliseconds() + 1_000)
      handover.heirStore.clock.observe(newer)
      handover.heirStore.set("a", [2])
      try await Task.sleep(for: .milliseconds(5))
      try await handover.migrate()
      #expect(handover.heirStore.copy("a")?.value == [2])
      #expect(handover.heirRegister.snapshot().counts.received.items == 1)
    }
  }

  // MARK: - What goes wrong

  @Test func `a long look at the store that finds nothing gives signs of life`() async throws {
    var limits = HandoverLimits()
    limits.signInterval = .milliseconds(100)
    limits.silenceMax = .seconds(2)
    // With rests it takes longer than that.
    try await withHandover(bytesPerSecond: 1 << 40, limits) { handover in
      for number in 0..<400_000 { handover.loserStore.set("key-\(number)", [1]) }
      try await handover.migrate(ArcSet([0...(UInt64.max / 1_000_000)]))
    }
  }

  @Test func `a migration that breaks off goes on behind the last batch`() async throws {
    var limits = HandoverLimits()
    limits.batchMaxBytes = 64 << 10
    try await withHandover(limits) { handover in
      self.fill(handover.loserStore, 20_000)
      let cut = await self.failure {
        try await handover.migrate { batch, _ in
          if batch.number == 5 { await handover.heir.keep([]) }
        }
      }
      // The cut is seen by the next batch that is waited for.
      #expect((cut?.acknowledged ?? 0) >= 5)
      try await handover.migrate(after: cut?.acknowledged ?? 0)
      self.expectAll(20_000, in: handover.heirStore, as: handover.loserStore)
      // Sent twice is at most what was under way, and one bucket of the index.
      #expect(handover.heirRegister.snapshot().counts.received.items < 21_000)
    }
  }

  @Test func `a store that refuses a batch has the migration end before it`() async throws {
    struct Full: Error {}
    var limits = HandoverLimits()
    limits.batchMaxBytes = 64 << 10
    try await withHandover(limits) { handover in
      self.fill(handover.loserStore, 5_000)
      let failure = await self.failure {
        try await handover.migrate { batch, _ in
          if batch.number == 3 { throw Full() }
        }
      }
      #expect(failure == MigrationFailure(acknowledged: 2, cause: .notApplied("Full()")))
      try await handover.migrate(after: 2)
      self.expectAll(5_000, in: handover.heirStore, as: handover.loserStore)
    }
  }

  @Test func `a place that is forgotten has the migration begin anew`() async throws {
    try await withHandover { handover in
      self.fill(handover.loserStore, 1_000)
      // Nobody has ever acknowledged 41 batches.
      let numbers = Mutex<[UInt64]>([])
      try await handover.migrate(after: 41) { batch, _ in
        numbers.withLock { $0.append(batch.number) }
      }
      #expect(numbers.withLock { $0 } == [42])
      self.expectAll(1_000, in: handover.heirStore, as: handover.loserStore)
    }
  }

  @Test func `hashes that are not sealed are not streamed, nor those taken back`() async throws {
    var limits = HandoverLimits()
    limits.batchMaxBytes = 64 << 10
    // Of the ten batches the fourth is sent when the second is acknowledged, and not before.
    limits.window = 2
    try await withHandover(limits) { handover in
      self.fill(handover.loserStore, 5_000)
      handover.source.sealed = .none
      let refused = await self.failure { try await handover.migrate() }
      #expect(refused == MigrationFailure(acknowledged: 0, cause: .notSealed))
      handover.source.sealed = .all
      let cut = await self.failure {
        try await handover.migrate { batch, _ in
          if batch.number == 2 { handover.source.sealed = .none }
        }
      }
      #expect(cut?.cause == .notSealed)
    }
  }

  @Test func `items of a namespace that the heir has not are counted, and the rest taken`()
    async throws
  {
    try await withHandover { handover in
      handover.loserStore.set("a", [1], "old")
      handover.loserStore.set("b", [2])
      try await handover.migrate()
      #expect(handover.heirStore.copy("b")?.value == [2])
      #expect(handover.heirRegister.snapshot().counts.unknownNamespaceItems == 1)
    }
  }

  // MARK: - Steering

  @Test(arguments: [MigrationDirection.outbound, .inbound])
  func `a migration that is paused goes on when it is resumed`(
    at end: MigrationDirection
  ) async throws {
    var limits = HandoverLimits()
    limits.batchMaxBytes = 16 << 10
    limits.signInterval = .milliseconds(5)
    limits.silenceMax = .seconds(60)
    try await withHandover(limits) { handover in
      self.fill(handover.loserStore, 5_000)
      let register = end == .outbound ? handover.loserRegister : handover.heirRegister
      let peer = end == .outbound ? heirProcess.id : loserProcess.id
      register.pause(peer)
      async let moved: Void = handover.migrate()
      try await until { !register.snapshot().migrations.isEmpty }
      #expect(register.snapshot().migrations.first?.isPaused == true)
      // An heir is not silent that has to wait for an operator of this node. One that waits for its own
      // says by itself that it does.
      let batches = { handover.heirRegister.snapshot().counts.received.batches }
      if end == .inbound { try await until { batches() == limits.window } }
      let signs = handover.source.heard.count
      if end == .outbound { try await until { handover.source.heard.count > signs + 2 } }
      try await Task.sleep(for: .milliseconds(50))
      if end == .inbound { #expect(handover.source.heard.count == signs) }
      // The window at most: what is under way is taken.
      #expect(batches() <= limits.window)
      register.resume()
      try await moved
      self.expectAll(5_000, in: handover.heirStore, as: handover.loserStore)
    }
  }

  @Test(arguments: [MigrationDirection.outbound, .inbound])
  func `a migration that is cancelled ends, and both ends know why`(
    at end: MigrationDirection
  ) async throws {
    try await withHandover { handover in
      self.fill(handover.loserStore, 1_000)
      handover.loserRegister.pause()
      async let failure = self.failure { try await handover.migrate() }
      let register = end == .outbound ? handover.loserRegister : handover.heirRegister
      try await until { register.cancel() > 0 }
      #expect(await failure?.cause == .cancelled)
      #expect(register.snapshot().migrations.isEmpty)
    }
  }

  @Test func `of two streams of one migration the newer one goes on`() async throws {
    try await withHandover { handover in
      self.fill(handover.loserStore, 1_000)
      handover.loserRegister.pause()
      async let first = self.failure { try await handover.migrate() }
      try await until { handover.loserRegister.snapshot().migrations.count == 1 }
      async let second: Void = handover.migrate()
      guard case .unreachable(let status) = await first?.cause else {
        Issue.record("both go on")
        return
      }
      #expect(status.info?.reason == HandoverReason.superseded)
      handover.loserRegister.resume()
      try await second
      self.expectAll(1_000, in: handover.heirStore, as: handover.loserStore)
    }
  }

  @Test func `a node that gives no sign of life is given up`() async throws {
    var limits = HandoverLimits()
    limits.silenceMax = .milliseconds(50)
    try await withHandover(limits) { handover in
      handover.loserRegister.pause()
      guard
        case .unreachable(let status) = await self.failure({ try await handover.migrate() })?.cause
      else {
        Issue.record("it waits on")
        return
      }
      #expect(status.code == .deadlineExceeded)
    }
  }

  private func failure(
    _ body: () async throws -> Void
  ) async -> MigrationFailure? {
    do {
      try await body()
      return nil
    } catch let failure as MigrationFailure {
      return failure
    } catch {
      Issue.record(error)
      return nil
    }
  }
}
