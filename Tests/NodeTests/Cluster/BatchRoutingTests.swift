import CacheStore
import Cluster
import GRPC
import LarderAPI
import Logging
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import Node

/// Batches at real nodes on loopback sockets, whose views of the ring differ for a while.
@Suite struct BatchRoutingTests {
  private static let keys = (0..<60).map { "k\($0)" }

  @Test func `keys that have moved are sent to their new owners, and the others once`() async throws
  {
    try await withThree { a, b, c in
      // By the newer table b owns nothing any more; a does not know yet.
      for node in [b, c] { try await node.install([a, c], revision: 2) }
      async let stored = a.call(.setMany, Self.keys, value: "v")
      while await a.forwarding.snapshot().counts[.setMany, .ok] < 2 {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await a.install([a, c], revision: 2)
      #expect(try await stored == Array(repeating: 1, count: 60))
      for node in [a, c] {
        #expect(try await node.call(.getMany, Self.keys) == Array(repeating: 1, count: 60))
      }
      #expect(b.entries == 0 && a.entries + c.entries == 60)
      // b and c in the first round, c alone in the second.
      #expect(await a.forwarding.snapshot().counts[.setMany, .ok] == 3)
    }
  }

  @Test func `keys that have moved to the node that was asked are done there`() async throws {
    try await withThree { a, b, c in
      for node in [b, c] { try await node.install([a], revision: 2) }
      async let stored = a.call(.setMany, Self.keys, value: "v")
      while await a.forwarding.snapshot().counts[.setMany, .ok] < 2 {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await a.install([a], revision: 2)
      #expect(try await stored == Array(repeating: 1, count: 60))
      #expect(a.entries == 60)
    }
  }

  @Test func `without a newer table in time the refused keys fail, and no others`() async throws {
    try await withThree(epochWait: .milliseconds(30)) { a, b, c in
      try await b.install([a, c], revision: 2)
      let results = try await a.call(.setMany, Self.keys, value: "v")
      #expect(Set(results) == [1, 2])
      #expect(results.count(where: { $0 == 1 }) == a.entries + c.entries && b.entries == 0)
      // They were not sent to the same node once more.
      #expect(await a.forwarding.snapshot().counts[.setMany, .ok] == 2)
    }
  }

  @Test func `an owner that is behind waits for the change before it refuses keys`() async throws {
    try await withThree { a, b, c in
      try await b.install([a, c], revision: 0)
      async let stored = a.call(.setMany, Self.keys, value: "v")
      while await a.forwarding.snapshot().counts[.setMany, .ok] < 1 {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await b.install([a, b, c], revision: 1)
      #expect(try await stored == Array(repeating: 1, count: 60))
      #expect(b.entries > 0)
      #expect(await a.forwarding.snapshot().counts[.setMany, .ok] == 2)
    }
  }

  private func withThree(
    epochWait: TimeAmount = .seconds(60),
    _ body: (BatchNode, BatchNode, BatchNode) async throws -> Void
  ) async throws {
    var nodes: [BatchNode] = []
    for name in ["a", "b", "c"] { nodes.append(try await BatchNode(name, epochWait)) }
    for node in nodes { try await node.install(nodes, revision: 1) }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(nodes[0], nodes[1], nodes[2]))
    } catch {
      result = .failure(error)
    }
    for node in nodes { try await node.stop() }
    try result.get()
  }
}

/// A node of one event loop with a store of its own, whose table the test sets.
private final class BatchNode: Sendable {
  let forwarding: Forwarding
  private let name: String
  private let member: Member
  private let store: Store
  private let server: Server
  private let group: MultiThreadedEventLoopGroup
  private let channel: ClientChannel

  init(_ name: String, _ epochWait: TimeAmount) async throws {
    var node = NodeConfiguration(coreCount: 1)
    node.memoryBytes = 4 << 20
    node.limits.valueMaxBytes = 64 << 10
    var configuration = ForwardingConfiguration()
    configuration.epochWait = epochWait
    // A machine that stands still for a while is no peer that is silent.
    configuration.connectTimeout = .seconds(60)
    configuration.forwardTimeout = .seconds(60)
    configuration.suspectAfter = .seconds(60)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    self.name = name
    self.store = try Store(StoreConfiguration(node))
    self.group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    self.forwarding = Forwarding(
      table: try RoutingTable(
        epoch: Epoch(incarnation: 1, revision: 0), members: [], ownID: name),
      configuration: configuration, eventLoops: Array(self.group.makeIterator()), logger: logger)
    let namespaces = NamespaceRegistry(node, store: self.store)
    let cache = CacheService(
      store: self.store, clock: NodeClock(), configuration: node, namespaces: namespaces,
      isAccessControlled: false, cluster: self.forwarding)
    let peers = CacheService(
      store: self.store, clock: NodeClock(), configuration: node, namespaces: namespaces,
      isAccessControlled: false, cluster: self.forwarding, isForPeers: true)
    self.forwarding.serveAgain { cache.serve($0) }
    self.server = Server(
      [.unary(paths: CacheMethod.allPaths, cache), .unary(paths: PeerMethod.allPaths, peers)],
      configuration: .init(), group: self.group, logger: logger)
    let port = try await self.server.listen(host: "127.0.0.1", port: 0).port ?? 0
    self.member = Member(id: name, host: "127.0.0.1", port: port)
    var client = ClientConfiguration()
    client.connectTimeout = .seconds(60)
    self.channel = ClientChannel(
      host: "127.0.0.1", port: port, group: self.group, configuration: client, logger: logger)
  }

  var entries: Int { self.store.statistics().total.entries }

  func install(_ nodes: [BatchNode], revision: UInt64) async throws {
    await self.forwarding.install(
      try RoutingTable(
        epoch: Epoch(incarnation: 1, revision: revision), members: nodes.map(\.member),
        ownID: self.name))
  }

  /// Calls the node, as a client does.
  ///
  /// - Returns: for each key the number of the field that its result has.
  func call(_ method: CacheMethod, _ keys: [String], value: String? = nil) async throws -> [Int] {
    let elements = keys.map { key in
      guard let value else { return Array(key.utf8) }
      return Self.field(1, Array(key.utf8)) + Self.field(2, Array(value.utf8))
    }
    let message = elements.flatMap { Self.field(1, $0) }
    let answer = try await self.channel.unary(method.path, message, timeout: .seconds(60))
    var reader = WireReader(answer.message.readableBytesSpan)
    var fields: [Int] = []
    while let result = try reader.nextField() {
      var inner = WireReader(try reader.bytes(result))
      fields.append(try inner.nextField()?.number ?? 0)
    }
    return fields
  }

  private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }

  func stop() async throws {
    await self.channel.shutdown()
    _ = await self.server.shutdown(timeout: .milliseconds(1))
    await self.forwarding.shutdown()
    try await self.group.shutdownGracefully()
  }
}
