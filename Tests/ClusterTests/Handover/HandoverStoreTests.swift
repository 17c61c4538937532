import CacheStore
import GRPC
import HashRing
import LarderAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Cluster

/// Has sealed everything, and holds under every key what the test says; some are out of reach.
private final class FakePeer: HandoverPeer {
  private let copy: FetchedCopy
  private let unreachable: Set<String>
  /// What comes of its streams, once that has happened which is to happen meanwhile.
  let streamed = Mutex<(@Sendable () async throws -> HandoverFailure?)?>(nil)

  init(holding copy: FetchedCopy, unreachable: Set<String> = []) {
    self.copy = copy
    self.unreachable = unreachable
  }

  func seal(_ order: SealOrder, at member: Member) async throws(HandoverFailure) -> SealAnswer {
    SealAnswer(clock: Version(rawValue: 1), holdings: [.init(arcs: order.arcs)])
  }

  func release(_ order: SealOrder, at member: Member) async throws(HandoverFailure) {}

  func renew(for heir: MemberProcess, at member: Member) async throws(HandoverFailure) {}

  func fetch(
    _ namespace: String, keys: [[UInt8]], heir: MemberProcess, from member: Member,
    timeout: TimeAmount
  ) async throws(HandoverFailure) -> [FetchedCopy] {
    guard !self.unreachable.contains(member.id) else {
      throw .unreachable(Status(.unavailable, "out of reach"))
    }
    return keys.map { _ in self.copy }
  }

  func migrate(
    _ arcs: ArcSet, heir: MemberProcess, from member: Member, after: UInt64,
    apply: @escaping @Sendable (MigrationBatch) async throws -> Void
  ) async throws(MigrationFailure) {
    guard let streamed = self.streamed.withLock({ $0 }) else { return }
    let cause: HandoverFailure?
    do {
      cause = try await streamed()
    } catch {
      cause = .notApplied("\(error)")
    }
    if let cause { throw MigrationFailure(acknowledged: after, cause: cause) }
  }
}

/// What a handover does in its node's store, with one piece of work after the other.
@Suite struct HandoverStoreTests {
  private let own = Member(id: "own", host: "127.0.0.1", port: 1, incarnation: 9)
  private let other = Member(id: "other", host: "127.0.0.1", port: 2, incarnation: 7)
  private let third = Member(id: "third", host: "127.0.0.1", port: 3, incarnation: 8)

  /// Runs `body` with the handover of `own` and its store, in which values may have 2 KiB.
  private func with(
    _ peer: FakePeer, _ body: (Cluster.Handover, Store) async throws -> Void
  ) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 64 << 20, inlineValueMaxBytes: 1 << 10, valueMaxBytes: 2 << 10,
        tombstonesMax: 1_000, policy: .lru, cores: 1, namespaces: []))
    let forwarding = Forwarding(
      table: try self.table(1, []), configuration: ForwardingConfiguration(),
      eventLoops: Array(group.makeIterator()), logger: silent)
    let handover = Cluster.Handover(
      store: store, forwarding: forwarding, peer: peer,
      register: MigrationRegister(bytesPerSecond: 0),
      configuration: ForwardingConfiguration(), time: { storeTime() }, logger: silent)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(handover, store))
    } catch {
      result = .failure(error)
    }
    await forwarding.shutdown()
    try await group.shutdownGracefully()
    try result.get()
  }

  private func table(_ revision: UInt64, _ members: [Member]) throws -> RoutingTable {
    try RoutingTable(
      epoch: Epoch(incarnation: 1, revision: revision), members: members, ownID: self.own.id)
  }

  private func change(
    _ handover: Cluster.Handover, _ revision: UInt64, to members: [Member], isAnew: Bool = false
  ) async throws {
    await handover.change(
      to: try self.table(revision, members),
      members: [self.own, self.other, self.third].map { $0.joining(unless: members) },
      own: MemberProcess(self.own), isAnew: isAnew)
  }

  /// Has everybody give up what is the node's.
  private func seal(_ handover: Cluster.Handover) async {
    func next() -> HandoverMachine.Work? {
      handover.state.withLock { state in
        state.machine?.work.first { work in
          if case .seal = work { true } else { false }
        }
      }
    }
    while let work = next() { await handover.perform(work) }
  }

  /// Keys whose hashes are in `arcs`.
  private func keys(_ count: Int, in arcs: ArcSet) -> [String] {
    let all = (0...).lazy.map { "key-\($0)" }.filter { key in
      arcs.contains(XXH64.hash(key: Array(key.utf8).span.bytes, namespace: RawSpan()))
    }
    return Array(all.prefix(count))
  }

  private func fetchKey(_ key: String, in store: Store) -> FetchKey {
    store.with(key) { stored in
      FetchKey(
        namespace: stored.namespace, namespaceName: "", bytes: Array(key.utf8), hash: stored.hash)
    }
  }

  @Test func `a copy that does not fit leaves a tombstone in an older one's stead`() async throws {
    let newest = Version(rawValue: 9)
    let tooLarge = FetchedCopy.entry(
      value: [UInt8](repeating: 1, count: 4 << 10), version: newest, expiry: .never, flags: 0)
    try await self.with(FakePeer(holding: tooLarge)) { handover, store in
      try await self.change(handover, 2, to: [self.own, self.other])
      await self.seal(handover)
      let stream = HandoverMachine.Work.stream(MemberProcess(self.other))
      let arcs = handover.state.withLock { $0.machine?.arcs(of: stream) }
      let key = self.keys(1, in: try #require(arcs))[0]
      let value: [UInt8] = [1]
      let older = store.with(key) { stored in
        store.apply(
          stored, value: value.span.bytes, flags: 0, version: Version(rawValue: 5), expiry: .never,
          now: storeTime())
      }
      #expect(older == .applied)
      #expect(await handover.fetch([self.fetchKey(key, in: store)]))
      #expect(store.copy(key) == .tombstone(newest))
    }
  }

  @Test(arguments: ["other", "third"])
  func `a node that is out of reach does not keep a batch from what another one holds`(
    unreachable: String
  ) async throws {
    let copy = FetchedCopy.entry(
      value: [1], version: Version(rawValue: 9), expiry: .never, flags: 0)
    let peer = FakePeer(holding: copy, unreachable: [unreachable])
    try await self.with(peer) { handover, store in
      try await self.change(handover, 2, to: [self.own, self.other, self.third])
      await self.seal(handover)
      var keys: [String: String] = [:]
      for holder in [self.other, self.third] {
        let stream = HandoverMachine.Work.stream(MemberProcess(holder))
        let arcs = try #require(handover.state.withLock { $0.machine?.arcs(of: stream) })
        keys[holder.id] = self.keys(1, in: arcs)[0]
      }
      let wanted = keys.values.map { self.fetchKey($0, in: store) }
      #expect(await !handover.fetch(wanted), "a part is not answered")
      for (holder, key) in keys {
        #expect(store.copy(key)?.value == (holder == unreachable ? nil : [1]))
      }
    }
  }

  @Test func `a cancel is about what is to come by the ring of the stream, not by one after it`()
    async throws
  {
    let peer = FakePeer(holding: .unknown(floor: .none))
    try await self.with(peer) { handover, _ in
      let (light, stream) = (
        Member(id: "own", host: "127.0.0.1", port: 1, weight: 0.5, incarnation: 9),
        HandoverMachine.Work.stream(MemberProcess(self.other))
      )
      @Sendable func incoming() -> ArcSet {
        handover.state.withLock { $0.machine?.arcs(of: stream) } ?? .none
      }
      @Sendable func change(_ revision: UInt64, own: Member) async throws {
        let members = [own, self.other]
        await handover.change(
          to: try self.table(revision, members), members: members, own: MemberProcess(own),
          isAnew: false)
        await self.seal(handover)
      }
      try await change(2, own: light)
      let asked = incoming()
      let later = Mutex(ArcSet.none)
      peer.streamed.withLock {
        $0 = {
          // Heavier: more of what the other has is given up while it streams the first part.
          try await change(3, own: self.own)
          #expect(asked.subtracting(incoming()).isEmpty && incoming() != asked)
          later.withLock { $0 = incoming().subtracting(asked) }
          return .cancelled
        }
      }
      await handover.perform(stream)
      #expect(!asked.isEmpty && incoming() == later.withLock { $0 })
    }
  }

  @Test func `a walk that forgets what was lost ends with a reset, and spares what comes after it`()
    async throws
  {
    try await self.with(FakePeer(holding: .unknown(floor: .none))) { handover, store in
      try await self.change(handover, 2, to: [self.own])
      try await self.change(handover, 3, to: [self.own, self.other])
      let lost = try #require(handover.state.withLock { $0.machine?.losses.first?.arcs })
      let keys = self.keys(100, in: lost)
      for key in keys { store.set(key, [1]) }
      // Nobody has come for them.
      handover.update {
        $0.machine?.tick(.now + HandoverMachine.unsealedMax)
        _ = $0.machine?.beginForgetting()
      }
      #expect(handover.state.withLock { $0.machine?.work.contains(.forget) } == true)
      handover.reset()
      await handover.perform(.forget)
      #expect(store.entryCount == 100, "whoever resets it forgets everything by itself")
      try await self.change(handover, 4, to: [self.own], isAnew: true)
      await handover.perform(.forget)
      #expect(store.entryCount == 100)
    }
  }

  @Test func `what nobody comes for is forgotten, and nothing besides`() async throws {
    try await self.with(FakePeer(holding: .unknown(floor: .none))) { handover, store in
      try await self.change(handover, 2, to: [self.own])
      try await self.change(handover, 3, to: [self.own, self.other])
      let lost = try #require(handover.state.withLock { $0.machine?.losses.first?.arcs })
      let (gone, kept) = (self.keys(100, in: lost), self.keys(50, in: .all.subtracting(lost)))
      for key in gone + kept { store.set(key, [1]) }
      handover.update { $0.machine?.tick(.now + HandoverMachine.unsealedMax) }
      await handover.perform(.forget)
      #expect(store.entryCount == 50 && kept.allSatisfy { store.copy($0) != nil })
    }
  }
}
