import CacheStore
import Cluster
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import Node

@Suite struct MemberNodeTests {
  @Test func `a node that is no member any more serves nothing`() async throws {
    var configuration = try load([
      "etcd": "127.0.0.1:1", "advertise": "127.0.0.1:2", "etcd-call-timeout": "100ms",
    ])
    configuration.memoryBytes = 4 << 20
    configuration.limits.valueMaxBytes = 64 << 10
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let peers = ForwardingConfiguration()
    let own = Member(id: "127.0.0.1:2", host: "127.0.0.1", port: 2)
    // As it went by while it was one.
    let forwarding = Forwarding(
      table: try RoutingTable(
        epoch: Epoch(incarnation: 1, revision: 1), members: [own], ownID: own.id),
      configuration: peers, eventLoops: Array(group.makeIterator()), logger: logger)
    let node = try MemberNode(
      configuration, forwarding: forwarding, peers: peers,
      store: Store(StoreConfiguration(configuration)), clock: NodeClock(), group: group,
      logger: logger)
    #expect(try await self.duties(forwarding, group) == [.serving, .serving])
    let task = Task { try await node.run(port: 2) { Issue.record("there is no etcd to join by") } }
    task.cancel()
    try await task.value
    #expect(try await self.duties(forwarding, group) == [.isolated, .isolated])
    await forwarding.shutdown()
    try await group.shutdownGracefully()
  }

  private func duties(
    _ forwarding: Forwarding, _ group: MultiThreadedEventLoopGroup
  ) async throws -> [RoutingTable.Duty] {
    var duties: [RoutingTable.Duty] = []
    for (loop, eventLoop) in zip(forwarding.loops, group.makeIterator()) {
      duties.append(try await eventLoop.submit { loop.duty(.now()) }.get())
    }
    return duties
  }
}
