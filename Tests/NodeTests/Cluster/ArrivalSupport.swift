import CacheStore
import Cluster
import GRPC
import HashRing
import LarderAPI
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Node

/// Has what another node holds, and gives it out when the test says so.
final class FakeFetcher: KeyFetcher {
  enum Copy {
    case entry(String, Version)
    case tombstone(Version)
  }

  private struct State {
    var copies: [String: Copy] = [:]
    var asked: [[String]] = []
    var isHeld = false
    var isAnswering = true
  }

  private let store: Store
  private let clock: NodeClock
  private let state = Mutex(State())

  init(store: Store, clock: NodeClock) {
    self.store = store
    self.clock = clock
  }

  /// What it was asked for: the keys of each fetch.
  var asked: [[String]] { self.state.withLock { $0.asked } }

  subscript(key: String) -> Copy? {
    get { self.state.withLock { $0.copies[key] } }
    set { self.state.withLock { $0.copies[key] = newValue } }
  }

  /// From now on fetches do not end.
  func hold() { self.state.withLock { $0.isHeld = true } }
  func release() { self.state.withLock { $0.isHeld = false } }
  /// From now on those that had the keys do not answer.
  func fail() { self.state.withLock { $0.isAnswering = false } }

  func fetch(_ keys: [FetchKey]) async -> Bool {
    self.state.withLock { state in
      state.asked.append(keys.map { String(decoding: $0.bytes, as: UTF8.self) })
    }
    while self.state.withLock({ $0.isHeld }) {
      do {
        try await Task.sleep(for: .milliseconds(1))
      } catch {
        // Given up by the node that stops.
        return false
      }
    }
    guard self.state.withLock({ $0.isAnswering }) else { return false }
    for key in keys { self.install(key) }
    return true
  }

  private func install(_ key: FetchKey) {
    let bytes = key.bytes
    let storeKey = StoreKey(namespace: key.namespace, bytes: bytes.span.bytes, hash: key.hash)
    let now = self.clock.time(.now())
    switch self[String(decoding: key.bytes, as: UTF8.self)] {
    case .entry(let value, let version):
      let value = Array(value.utf8)
      _ = self.store.apply(
        storeKey, value: value.span.bytes, flags: 0, version: version, expiry: .never, now: now)
    case .tombstone(let version): _ = self.store.applyTombstone(storeKey, version: version)
    case nil: break
    }
  }
}

/// What a node has answered, in the words of the test.
enum Answer: Equatable {
  case hit(String)
  case miss
  /// A write, a delete or a touch that was done.
  case done
  /// A condition that did not hold, or nothing there.
  case notDone
  case sum(UInt64)
  case error(String)
}

/// A node of one event loop, whose table and arrivals the test sets.
final class ArrivalNode: Sendable {
  let forwarding: Forwarding
  let fetcher: FakeFetcher
  let store: Store
  let member: Member
  private let clock = NodeClock()
  private let server: Server
  private let group: MultiThreadedEventLoopGroup
  let channel: ClientChannel

  init(_ name: String, _ change: (inout ForwardingConfiguration) -> Void = { _ in }) async throws {
    var node = NodeConfiguration(coreCount: 1)
    node.memoryBytes = 4 << 20
    node.limits.valueMaxBytes = 64 << 10
    var configuration = ForwardingConfiguration()
    // A test that waits for calls that wait must not come too late for them.
    configuration.handoverWait = .seconds(60)
    configuration.forwardTimeout = .seconds(60)
    configuration.epochWait = .seconds(60)
    change(&configuration)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    self.store = try Store(StoreConfiguration(node))
    self.store.track(.all)
    self.fetcher = FakeFetcher(store: self.store, clock: self.clock)
    self.group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    self.forwarding = Forwarding(
      table: try RoutingTable(
        epoch: Epoch(incarnation: 1, revision: 0), members: [], ownID: name),
      configuration: configuration, eventLoops: Array(self.group.makeIterator()), logger: logger)
    let namespaces = NamespaceRegistry(node, store: self.store)
    let services = [false, true].map { [store, clock, forwarding] in
      CacheService(
        store: store, clock: clock, configuration: node, namespaces: namespaces,
        isAccessControlled: false, cluster: forwarding, isForPeers: $0)
    }
    self.forwarding.serveAgain { services[0].serve($0) }
    self.forwarding.fetchMissing(with: self.fetcher)
    self.server = Server(
      [
        .unary(paths: CacheMethod.allPaths, services[0]),
        .unary(paths: PeerMethod.allPaths, services[1]),
      ], configuration: .init(), group: self.group, logger: logger)
    let port = try await self.server.listen(host: "127.0.0.1", port: 0).port ?? 0
    self.member = Member(id: name, host: "127.0.0.1", port: port)
    self.channel = ClientChannel(host: "127.0.0.1", port: port, group: self.group, logger: logger)
  }

  func table(_ members: [Member], revision: UInt64, duty: RoutingTable.Duty = .serving) throws
    -> RoutingTable
  {
    try RoutingTable(
      epoch: Epoch(incarnation: 1, revision: revision), members: members, ownID: self.member.id,
      duty: duty)
  }

  /// Has all keys, or those of `arcs`, on their way.
  func arrive(_ state: Arrivals.State, _ arcs: ArcSet = .all) async {
    await self.forwarding.install(Arrivals([(arcs, state)]))
  }

  /// Puts an entry into the store, as this node wrote it once.
  func put(_ key: String, _ value: String, _ version: UInt64) {
    let (bytes, value) = (Array(key.utf8), Array(value.utf8))
    _ = self.store.apply(
      StoreKey(bytes: bytes.span.bytes, hash: hash(key)), value: value.span.bytes, flags: 0,
      version: Version(rawValue: version), expiry: .never, now: self.clock.time(.now()))
  }

  func bury(_ key: String, _ version: UInt64) {
    let bytes = Array(key.utf8)
    _ = self.store.applyTombstone(
      StoreKey(bytes: bytes.span.bytes, hash: hash(key)), version: Version(rawValue: version))
  }

  /// Returns once so many calls wait for their keys.
  func untilWaiting(_ calls: Int) async throws {
    while await self.forwarding.snapshot().arrivalCalls != calls {
      try await Task.sleep(for: .milliseconds(1))
    }
  }

  func hits(of limit: PeerLimit) async -> Int {
    await self.server.metrics().limitHits[limit] ?? 0
  }

  func stop() async throws {
    await self.channel.shutdown()
    _ = await self.server.shutdown(timeout: .milliseconds(1))
    await self.forwarding.shutdown()
    try await self.group.shutdownGracefully()
  }
}

/// A node that owns all keys, while `body` runs.
func withArrivals(
  _ change: (inout ForwardingConfiguration) -> Void = { _ in },
  _ body: (ArrivalNode) async throws -> Void
) async throws {
  let node = try await ArrivalNode("a", change)
  await node.forwarding.install(try node.table([node.member], revision: 1))
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(node))
  } catch {
    result = .failure(error)
  }
  try await node.stop()
  try result.get()
}

func hash(_ key: String) -> UInt64 {
  let bytes = Array(key.utf8)
  return XXH64.hash(bytes.span.bytes)
}

/// The one hash of a key.
func arc(_ key: String) -> ArcSet { ArcSet([hash(key)...hash(key)]) }
