import GRPC
import HashRing
import LarderAPI
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Wire

@testable import Cluster

let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// Answers with the name of the node that owns the key, which is the whole message.
final class KeyService: UnaryService {
  private let name: String
  private let isForPeers: Bool
  private let forwarding: Forwarding
  /// Peers' calls are never answered.
  let isMute = Atomic(false)
  /// Peers' calls are answered once this is false again.
  let isHeld = Atomic(false)
  /// What came with the last of peers' calls.
  let lastMetadata = Mutex(Metadata())
  /// Peers' calls that have come in.
  let served = Atomic(0)
  /// Those of them that read many keys, which are answered as `ManyReads` says.
  let servedMany = Atomic(0)
  /// They are refused instead.
  let refusesMany = Atomic(false)

  init(name: String, isForPeers: Bool, forwarding: Forwarding) {
    self.name = name
    self.isForPeers = isForPeers
    self.forwarding = forwarding
  }

  func serve(_ call: borrowing UnaryCall) {
    let loop = self.forwarding.loops[call.loop]
    if self.isForPeers {
      self.lastMetadata.withLock { $0 = call.metadata.copy() }
      loop.heedClock(of: call)
      if call.method == CacheMethod.getMany.rawValue { return self.serveMany(call) }
    }
    let hash = XXH64.hash(call.message)
    guard let owner = loop.table.otherOwner(of: hash) else {
      if self.isMute.load(ordering: .relaxed) {
        _ = call.park()
        return
      }
      let number = self.served.add(1, ordering: .relaxed).newValue
      if let refusal = ManyReads.refusal(of: call.message) { return call.fail(refusal) }
      if self.isHeld.load(ordering: .relaxed) { return self.hold(call, number) }
      let name = Array(self.name.utf8)
      return call.reply(size: name.count) { $0.append(bytes: name.span.bytes) }
    }
    guard self.isForPeers else {
      guard let method = CacheMethod(rawValue: call.method) else {
        preconditionFailure("a method that was not registered")
      }
      return loop.forward(call, method, to: owner, hash: hash)
    }
    if loop.waitForEpoch(of: call, serve: { self.serve($0) }) { return }
    let metadata = ["owner": loop.table.members[owner].id, "epoch": "\(loop.table.epoch)"]
    call.fail(
      Status(
        .failedPrecondition, "not mine",
        info: ErrorInfo(reason: ForwardRefusal.wrongOwner, metadata: metadata)))
  }
}

extension KeyService {
  /// Answers with the number of the call as well, when `isHeld` allows it.
  fileprivate func hold(_ call: borrowing UnaryCall, _ number: Int) {
    call.answer { () throws(Status) in
      while self.isHeld.load(ordering: .relaxed) { await Task.yield() }
      return Array("\(self.name) \(number)".utf8)
    }
  }
}

/// One node on a loopback socket, with one event loop.
final class TestNode: Sendable {
  let name: String
  let forwarding: Forwarding
  let peers: KeyService
  let member: Member
  private let server: Server
  private let group: MultiThreadedEventLoopGroup
  private let channel: ClientChannel

  init(_ name: String, _ configuration: ForwardingConfiguration) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let alone = try RoutingTable(
      epoch: Epoch(incarnation: 1, revision: 0), members: [], ownID: name)
    let forwarding = Forwarding(
      table: alone, configuration: configuration, eventLoops: Array(group.makeIterator()),
      logger: silent)
    let clients = KeyService(name: name, isForPeers: false, forwarding: forwarding)
    let peers = KeyService(name: name, isForPeers: true, forwarding: forwarding)
    forwarding.serveAgain { clients.serve($0) }
    self.server = Server(
      [.unary(paths: CacheMethod.allPaths, clients), .unary(paths: PeerMethod.allPaths, peers)],
      configuration: .init(), group: group, logger: silent)
    let address = try await self.server.listen(host: "127.0.0.1", port: 0)
    self.member = Member(id: name, host: "127.0.0.1", port: address.port ?? 0)
    var client = ClientConfiguration()
    client.connectTimeout = .seconds(60)
    self.channel = ClientChannel(
      host: "127.0.0.1", port: address.port ?? 0, group: group, configuration: client,
      logger: silent)
    self.name = name
    self.forwarding = forwarding
    self.peers = peers
    self.group = group
  }

  func install(_ members: [Member], revision: UInt64) async throws {
    await self.forwarding.install(
      try RoutingTable(
        epoch: Epoch(incarnation: 1, revision: revision), members: members, ownID: self.name))
  }

  /// Who answers for the key, asked at this node.
  func owner(
    of key: String, _ method: CacheMethod = .get, metadata: Metadata = Metadata(),
    timeout: TimeAmount? = .seconds(60)
  ) async -> Result<String, Status> {
    do throws(Status) {
      let answer = try await self.channel.unary(
        method.path, Array(key.utf8), metadata: metadata, timeout: timeout)
      return .success(String(buffer: answer.message))
    } catch {
      return .failure(error)
    }
  }

  func hits(of limit: PeerLimit) async -> Int {
    await self.server.metrics().limitHits[limit] ?? 0
  }

  /// Takes no more calls, and closes its port.
  func stopServing() async throws {
    _ = await self.server.shutdown(timeout: .milliseconds(1))
  }

  func stop() async throws {
    await self.channel.shutdown()
    _ = await self.server.shutdown(timeout: .milliseconds(1))
    await self.forwarding.shutdown()
    try await self.group.shutdownGracefully()
  }
}

/// Two nodes, `a` and `b`, of one ring by epoch 1.1, while `body` runs.
func withNodes(
  _ change: (inout ForwardingConfiguration) -> Void = { _ in },
  _ body: (TestNode, TestNode) async throws -> Void
) async throws {
  var configuration = ForwardingConfiguration()
  // A test that waits for calls that wait must not come too late for them, nor a machine that stands
  // still for a while be taken for a peer that is silent.
  configuration.epochWait = .seconds(60)
  configuration.connectTimeout = .seconds(60)
  configuration.forwardTimeout = .seconds(60)
  configuration.suspectAfter = .seconds(60)
  configuration.keepaliveInterval = .seconds(60)
  configuration.keepaliveTimeout = .seconds(60)
  change(&configuration)
  let (a, b) = (try await TestNode("a", configuration), try await TestNode("b", configuration))
  for node in [a, b] { try await node.install([a.member, b.member], revision: 1) }
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(a, b))
  } catch {
    result = .failure(error)
  }
  try await a.stop()
  try await b.stop()
  try result.get()
}

/// The ring of `a` and `b`, as `a` sees it.
let ringOfTwo: RoutingTable = {
  do {
    return try RoutingTable(
      epoch: .fixed,
      members: ["a", "b"].map { Member(id: $0, host: "127.0.0.1", port: 1) }, ownID: "a")
  } catch {
    preconditionFailure("two nodes make a ring: \(error)")
  }
}()

/// A key that is `b`'s in that ring.
let keyOfB: String = {
  for number in 0..<1_000 {
    let key = Array("k\(number)".utf8)
    if ringOfTwo.otherOwner(of: XXH64.hash(key.span.bytes)) != nil { return "k\(number)" }
  }
  preconditionFailure("a node that owns nothing")
}()

/// Returns once `condition` holds. A test that waits in vain is ended by its time limit.
func until(_ condition: () async -> Bool) async throws {
  while !(await condition()) { try await Task.sleep(for: .milliseconds(1)) }
}

extension Result<String, Status> {
  var status: Status? {
    guard case .failure(let status) = self else { return nil }
    return status
  }
}
