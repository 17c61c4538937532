import CacheStore
import LarderAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Cluster

/// Gives up whatever it is asked for, and streams what the test has it stream.
private final class StreamingPeer: HandoverPeer {
  typealias Apply = @Sendable (MigrationBatch) async throws -> Void

  /// Of the first stream.
  let apply = Mutex<Apply?>(nil)

  func seal(
    _ order: SealOrder, at member: Member
  ) async throws(HandoverFailure) -> SealAnswer {
    SealAnswer(clock: Version(wallMilliseconds: 1_000), holdings: [.init(arcs: order.arcs)])
  }

  func release(_ order: SealOrder, at member: Member) async throws(HandoverFailure) {}

  func renew(for heir: MemberProcess, at member: Member) async throws(HandoverFailure) {}

  func fetch(
    _ namespace: String, keys: [[UInt8]], heir: MemberProcess, from member: Member,
    timeout: TimeAmount
  ) async throws(HandoverFailure) -> [FetchedCopy] { keys.map { _ in .unknown(floor: .none) } }

  func migrate(
    _ arcs: ArcSet, heir: MemberProcess, from member: Member, after: UInt64,
    apply: @escaping @Sendable (MigrationBatch) async throws -> Void
  ) async throws(MigrationFailure) {
    self.apply.withLock { if $0 == nil { $0 = apply } }
    _ = await Cluster.Handover.pause(.seconds(60))
    throw MigrationFailure(acknowledged: after, cause: .cancelled)
  }
}

@Suite struct LateBatchTests {
  private static let own = Member(id: "own", host: "127.0.0.1", port: 1, incarnation: 1)
  private static let light = Member(
    id: "own", host: "127.0.0.1", port: 1, weight: 0.5, incarnation: 1)
  private static let other = Member(id: "other", host: "127.0.0.1", port: 2, incarnation: 2)

  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let peer = StreamingPeer()
  private let store: Store
  private let handover: Cluster.Handover

  init() throws {
    self.store = try makeStore([])
    let forwarding = Forwarding(
      table: try Self.table(0, []), configuration: ForwardingConfiguration(),
      eventLoops: Array(self.group.makeIterator()), logger: silent)
    self.handover = Cluster.Handover(
      store: self.store, forwarding: forwarding, peer: self.peer,
      register: MigrationRegister(bytesPerSecond: 0), configuration: ForwardingConfiguration(),
      time: { storeTime() }, logger: silent)
  }

  private static func table(_ revision: UInt64, _ members: [Member]) throws -> RoutingTable {
    try RoutingTable(
      epoch: Epoch(incarnation: 1, revision: revision), members: members, ownID: Self.own.id)
  }

  private func change(_ revision: UInt64, own: Member?) async throws {
    let members = [Self.other] + (own.map { [$0] } ?? [])
    await self.handover.change(
      to: try Self.table(revision, members), members: [Self.other, own ?? Self.own],
      own: MemberProcess(Self.own), isAnew: false)
  }

  private func wait(until isTrue: () -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while !isTrue() {
      try #require(ContinuousClock.now < end)
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  private func look<Result: Sendable>(_ body: (HandoverMachine) -> Result) -> Result? {
    let machine = self.handover.state.withLock { $0.machine }
    return machine.map(body)
  }

  @Test func `what was streamed before hashes were away does not count when they are back`()
    async throws
  {
    let running = Task { await self.handover.run() }
    try await self.change(1, own: nil)
    try await self.change(2, own: Self.own)
    try await self.wait { self.peer.apply.withLock { $0 } != nil }
    let apply = try #require(self.peer.apply.withLock { $0 })
    let whole = try #require(self.look(\.owned))
    // Lighter: a part is the other's again, which gets it, serves it and writes there.
    try await self.change(3, own: Self.light)
    let away = whole.subtracting(try #require(self.look(\.owned)))
    let order = SealOrder(
      heir: MemberProcess(Self.other), epoch: Epoch(incarnation: 1, revision: 3), arcs: away)
    _ = try await self.handover.seal(order)
    self.handover.handedOver(away, to: order.heir, by: order.epoch)
    try await self.wait {
      self.look {
        $0.losses.isEmpty && $0.forgetting.isEmpty && $0.forgettingNext.isEmpty
      } ?? false
    }
    // Back again, while the rest has been streaming all the time.
    try await self.change(4, own: Self.own)
    func key(in arcs: ArcSet) throws -> (String, UInt64) {
      let keys = (0..<100_000).lazy.map { "k\($0)" }
      let key = try #require(keys.first { self.store.with($0) { arcs.contains($0.hash) } })
      return (key, self.store.with(key) { $0.hash })
    }
    let (back, backHash) = try key(in: away)
    let (kept, _) = try key(in: whole.subtracting(away))
    try await self.wait { self.look { $0.gain(of: backHash)?.phase == .incoming } ?? false }
    // Of the first stream: read by then, and not yet put into the store.
    try await apply(self.batch([back, kept], asked: whole))
    #expect(self.store.copy(back) == nil)
    #expect(self.store.copy(kept) != nil)
    running.cancel()
    await running.value
    try await self.group.shutdownGracefully()
  }

  private func batch(_ keys: [String], asked arcs: ArcSet) throws -> MigrationBatch {
    var batch = OutgoingBatch(number: 1, maxBytes: 1 << 20)
    for key in keys {
      let (bytes, value) = (Array(key.utf8), [UInt8](repeating: 1, count: 4))
      let hasRoom = batch.append(
        MigrateItem(
          namespace: [UInt8]().span.bytes, key: bytes.span.bytes,
          content: .entry(
            EntryCopy(
              value: value.span.bytes, version: Version(wallMilliseconds: 5).rawValue,
              ttlMilliseconds: 0, flags: 0))))
      try #require(hasRoom)
    }
    let origin = MigrationBatch.Origin(
      peer: Self.other.id, arcs: arcs, skewMaxMilliseconds: 3_600_000,
      register: MigrationRegister(bytesPerSecond: 0))
    return try #require(try MigrationBatch(batch.finish(MigrateBatchEnd()), origin))
  }
}
