import CacheStore
import GRPC
import HashRing
import LarderAPI
import NIOCore
import NIOPosix
import Synchronization

@testable import Cluster

let loserProcess = MemberProcess(id: "loser", incarnation: 7)
let heirProcess = MemberProcess(id: "heir", incarnation: 9)

/// Has sealed for the heir what the test says.
final class FakeSource: HandoverSource {
  private struct State {
    var sealed = ArcSet.all
    var answer: Result<SealAnswer, HandoverRefusal> = .failure(.wait)
    var orders: [SealOrder] = []
    var handedOver: [ArcSet] = []
    var heard: [MemberProcess] = []
  }

  private let state = Mutex(State())

  /// What is sealed for the heir, and for nobody else.
  var sealed: ArcSet {
    get { self.state.withLock { $0.sealed } }
    set { self.state.withLock { $0.sealed = newValue } }
  }

  /// What orders are answered with.
  var answer: Result<SealAnswer, HandoverRefusal> {
    get { self.state.withLock { $0.answer } }
    set { self.state.withLock { $0.answer = newValue } }
  }

  var orders: [SealOrder] { self.state.withLock { $0.orders } }
  /// Who has given a sign of life, as often as it has.
  var heard: [MemberProcess] { self.state.withLock { $0.heard } }
  var handedOver: [ArcSet] { self.state.withLock { $0.handedOver } }

  func seal(_ order: SealOrder) async throws(HandoverRefusal) -> SealAnswer {
    let answer = self.state.withLock { state in
      state.orders.append(order)
      return state.answer
    }
    return try answer.get()
  }

  func heard(from heir: MemberProcess) { self.state.withLock { $0.heard.append(heir) } }

  func isSealed(_ hash: UInt64, for heir: MemberProcess) -> Bool {
    heir == heirProcess && self.sealed.contains(hash)
  }

  func sealed(_ arcs: ArcSet, for heir: MemberProcess) -> ArcSet {
    heir == heirProcess ? self.sealed.intersection(arcs) : .none
  }

  func handedOver(_ arcs: ArcSet, to heir: MemberProcess, by epoch: Epoch) {
    self.state.withLock { $0.handedOver.append(arcs) }
  }
}

/// A node that has lost hashes, on a loopback socket, and one that asks it for them.
final class Handover: Sendable {
  /// Of both stores.
  static let namespaces = [NamespaceConfiguration(name: "sessions")]

  let source = FakeSource()
  let loserStore: Store
  let heirStore: Store
  let loserRegister: MigrationRegister
  let heirRegister = MigrationRegister(bytesPerSecond: 0)
  let heir: HandoverChannels
  let loser: Member
  private let server: Server
  private let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)

  init(
    bytesPerSecond: Int = 0, _ limits: HandoverLimits, _ server: Server.Configuration,
    heirNamespaces: [NamespaceConfiguration]
  ) async throws {
    self.loserStore = try makeStore(Self.namespaces + [NamespaceConfiguration(name: "old")])
    self.heirStore = try makeStore(heirNamespaces)
    self.loserRegister = MigrationRegister(bytesPerSecond: bytesPerSecond)
    self.server = Server(
      [
        .unary(
          paths: PeerMethod.handoverPaths,
          HandoverService(
            store: self.loserStore, source: self.source, register: self.loserRegister,
            own: { loserProcess }, time: { _ in storeTime() })),
        .streaming(
          paths: [PeerMethod.migratePath],
          MigrationService(
            store: self.loserStore, source: self.source, register: self.loserRegister,
            limits: limits, time: { storeTime() })),
      ], configuration: server, group: self.group, logger: silent)
    let address = try await self.server.listen(host: "127.0.0.1", port: 0)
    self.loser = Member(
      id: loserProcess.id, host: "127.0.0.1", port: address.port ?? 0,
      incarnation: loserProcess.incarnation)
    self.heir = HandoverChannels(
      group: self.group, configuration: ForwardingConfiguration(), register: self.heirRegister,
      limits: limits)
  }

  /// Moves everything into the heir's store.
  func migrate(
    after: UInt64 = 0, _ arcs: ArcSet = .all,
    _ look: @escaping @Sendable (MigrationBatch, Store) async throws -> Void = { _, _ in }
  ) async throws(MigrationFailure) {
    let store = self.heirStore
    try await self.heir.migrate(
      arcs, heir: heirProcess, from: self.loser, after: after
    ) { batch in
      try batch.apply(to: store, now: storeTime())
      try await look(batch, store)
    }
  }

  func stop() async throws {
    await self.heir.shutdown()
    _ = await self.server.shutdown(timeout: .milliseconds(1))
    try await self.group.shutdownGracefully()
  }
}

/// A loser and an heir while `body` runs.
func withHandover(
  bytesPerSecond: Int = 0, _ limits: HandoverLimits = HandoverLimits(),
  server: Server.Configuration = .init(),
  heirNamespaces: [NamespaceConfiguration] = Handover.namespaces,
  _ body: (Handover) async throws -> Void
) async throws {
  let handover = try await Handover(
    bytesPerSecond: bytesPerSecond, limits, server, heirNamespaces: heirNamespaces)
  let result: Result<Void, any Error>
  do {
    result = .success(try await body(handover))
  } catch {
    result = .failure(error)
  }
  try await handover.stop()
  try result.get()
}

func storeTime() -> StoreTime {
  StoreTime(
    monotonicMilliseconds: NIODeadline.now().uptimeNanoseconds / 1_000_000,
    wallMilliseconds: WallClock.milliseconds())
}

func makeStore(_ namespaces: [NamespaceConfiguration]) throws -> Store {
  try Store(
    StoreConfiguration(
      memoryBytes: 256 << 20, inlineValueMaxBytes: 16 << 10, valueMaxBytes: 8 << 20,
      tombstonesMax: 100_000, policy: .lru, cores: 2, namespaces: namespaces))
}

extension Store {
  /// Runs `body` with a key of a namespace that the store has.
  func with<Result>(
    _ key: String, _ namespace: String = "", _ body: (borrowing StoreKey) -> Result
  ) -> Result {
    let (bytes, name) = (Array(key.utf8), Array(namespace.utf8))
    let hash = XXH64.hash(key: bytes.span.bytes, namespace: name.span.bytes)
    guard let id = self.namespaces.id(of: name.span.bytes) else {
      preconditionFailure("no such namespace")
    }
    return body(StoreKey(namespace: id, bytes: bytes.span.bytes, hash: hash))
  }

  @discardableResult
  func set(
    _ key: String, _ value: [UInt8], _ namespace: String = "", flags: UInt32 = 0,
    expiry: CacheStore.Expiry = .never
  ) -> Version? {
    let outcome = self.with(key, namespace) {
      self.write($0, value: value.span.bytes, flags: flags, expiry: expiry, now: storeTime())
    }
    guard case .stored(let version) = outcome else { return nil }
    return version
  }

  /// What is under the key.
  func copy(_ key: String, _ namespace: String = "") -> FetchedCopy? {
    self.with(key, namespace) { key in
      var found: FetchedCopy?
      _ = self.copy(of: key, now: storeTime()) { item in
        switch item.content {
        case .tombstone: found = .tombstone(item.version)
        case .entry(let entry):
          found = .entry(
            value: entry.value.withUnsafeBytes { Array($0) }, version: item.version,
            expiry: entry.expiry, flags: entry.flags)
        }
      }
      return found
    }
  }

  var entryCount: Int { self.statistics().total.entries }
}

extension FetchedCopy {
  var value: [UInt8]? {
    guard case .entry(let value, _, _, _) = self else { return nil }
    return value
  }
}

extension MigrationBatch {
  /// All of it, as one whose heir asks nobody else.
  @discardableResult
  func apply(to store: Store, now: StoreTime) throws -> Tally {
    var tally = Tally()
    for piece in self.pieces { tally.add(try self.apply(piece, to: store, now: now)) }
    try self.raiseFloors(of: store, now: now)
    return tally
  }
}
