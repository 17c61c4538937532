import CacheStore
import NIOCore
import NIOPosix
import Testing

@testable import Cluster

/// A node that is told to stop, and waits until others have what it held.
@Suite struct DrainTests {
  private let own = Member(id: "own", host: "127.0.0.1", port: 1, incarnation: 1)
  private let heir = Member(id: "heir", host: "127.0.0.1", port: 2, incarnation: 2)

  private func table(_ revision: UInt64, _ members: [Member]) throws -> RoutingTable {
    try RoutingTable(
      epoch: Epoch(incarnation: 1, revision: revision), members: members, ownID: "own")
  }

  private func withNode(
    _ body: (
      _ handover: Cluster.Handover, _ change: (UInt64, [Member]) async throws -> Void
    ) async throws -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let configuration = ForwardingConfiguration()
    let forwarding = Forwarding(
      table: try self.table(0, []), configuration: configuration,
      eventLoops: Array(group.makeIterator()), logger: silent)
    let handover = Cluster.Handover(
      store: try makeStore([]), forwarding: forwarding, peer: AbsentPeer(),
      configuration: configuration, time: { storeTime() }, logger: silent)
    try await body(handover) { revision, members in
      await handover.change(
        to: try self.table(revision, members), members: [self.own, self.heir],
        own: MemberProcess(self.own), isAnew: false)
    }
    try await group.shutdownGracefully()
  }

  private func isDrained(_ handover: Cluster.Handover, within timeout: Duration) async -> Bool {
    await handover.drain(timeout: timeout) { false }
  }

  @Test func `it is not done before it goes by the ring without it, and its heir has all`()
    async throws
  {
    try await self.withNode { handover, change in
      try await change(1, [self.own])
      // The others may go by the next ring already.
      #expect(await !self.isDrained(handover, within: .milliseconds(20)))
      try await change(2, [self.heir])
      #expect(await !self.isDrained(handover, within: .milliseconds(20)), "nobody has come")
      let epoch = Epoch(incarnation: 1, revision: 2)
      let order = SealOrder(heir: MemberProcess(self.heir), epoch: epoch, arcs: .all)
      _ = try await handover.seal(order)
      #expect(await !self.isDrained(handover, within: .milliseconds(20)), "nobody has got it")
      handover.handedOver(.all, to: order.heir, by: epoch)
      #expect(await self.isDrained(handover, within: .seconds(60)))
    }
  }

  @Test func `where nobody is left there is nothing to wait for`() async throws {
    try await self.withNode { handover, change in
      try await change(1, [self.own])
      try await change(2, [])
      #expect(await self.isDrained(handover, within: .seconds(60)))
    }
  }

  @Test func `nobody comes for what it has not begun to get`() async throws {
    try await self.withNode { handover, change in
      try await change(1, [self.heir])
      try await change(2, [self.heir, self.own])
      try await change(3, [self.heir])
      #expect(await self.isDrained(handover, within: .seconds(60)))
    }
  }
}

/// Is never called: the node here gains nothing.
private struct AbsentPeer: HandoverPeer {
  func seal(
    _ order: SealOrder, at member: Member
  ) async throws(HandoverFailure) -> SealAnswer { throw .fault("nobody is there") }

  func release(_ order: SealOrder, at member: Member) async throws(HandoverFailure) {
    throw .fault("nobody is there")
  }

  func fetch(
    _ namespace: String, keys: [[UInt8]], heir: MemberProcess, from member: Member,
    timeout: TimeAmount
  ) async throws(HandoverFailure) -> [FetchedCopy] { throw .fault("nobody is there") }

  func migrate(
    _ arcs: ArcSet, heir: MemberProcess, from member: Member, after: UInt64,
    apply: @escaping @Sendable (MigrationBatch) async throws -> Void
  ) async throws(MigrationFailure) {
    throw MigrationFailure(acknowledged: after, cause: .fault("nobody is there"))
  }
}
