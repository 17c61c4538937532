import CacheStore
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Cluster

/// One node's handover, `own`, in a cluster with another one, `other`, on one event loop.
final class LoneHandover: Sendable {
  static let own = Member(id: "own", host: "127.0.0.1", port: 1, incarnation: 1)
  static let other = Member(id: "other", host: "127.0.0.1", port: 2, incarnation: 2)

  let handover: Cluster.Handover
  let peer = ScriptedPeer()
  let store: Store
  let eventLoop: any EventLoop

  private init(_ group: MultiThreadedEventLoopGroup) throws {
    let configuration = ForwardingConfiguration()
    let forwarding = Forwarding(
      table: try Self.table(0, []), configuration: configuration,
      eventLoops: Array(group.makeIterator()), logger: silent)
    self.eventLoop = group.next()
    self.store = try makeStore([])
    self.handover = Cluster.Handover(
      store: self.store, forwarding: forwarding, peer: self.peer,
      register: MigrationRegister(bytesPerSecond: 0), configuration: configuration,
      time: { storeTime() }, logger: silent)
  }

  private static func table(_ revision: UInt64, _ members: [Member]) throws -> RoutingTable {
    try RoutingTable(
      epoch: Epoch(incarnation: 1, revision: revision), members: members, ownID: Self.own.id)
  }

  /// Has it go by a ring of these members.
  ///
  /// - Parameter other: the state of the other node where it is not on the ring.
  func change(
    _ revision: UInt64, _ members: [Member], other: Member.State = .joining
  ) async throws {
    await self.handover.change(
      to: try Self.table(revision, members),
      members: [
        Self.own.inState(.joining, unless: members), Self.other.inState(other, unless: members),
      ],
      own: MemberProcess(Self.own), isAnew: false)
  }

  /// - Parameter silenceMax: by default longer than any test.
  func drain(
    within timeout: Duration, silenceMax: Duration = .seconds(3_600), showsWhoLives: Bool = true
  ) async -> DrainOutcome {
    await self.handover.drain(
      timeout: timeout, silenceMax: silenceMax, showsWhoLives: { showsWhoLives })
  }

  static func with(_ body: (LoneHandover) async throws -> Void) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    try await body(LoneHandover(group))
    try await group.shutdownGracefully()
  }
}

extension Member {
  /// As it is before it comes on the ring, unless it is there.
  func joining(unless onRing: [Member]) -> Member { self.inState(.joining, unless: onRing) }

  /// In another state, unless it is on the ring.
  func inState(_ state: State, unless onRing: [Member]) -> Member {
    onRing.contains(self)
      ? self
      : Member(
        id: self.id, host: self.host, port: self.port, state: state, incarnation: self.incarnation)
  }
}

/// The other node: answers a Fetch with `value`, when it may, and nothing else.
final class ScriptedPeer: HandoverPeer {
  static let value: [UInt8] = [7]
  static let version = Version(wallMilliseconds: 1)
  /// Fetches that have come in.
  let fetches = Atomic(0)
  let answersFetches = Atomic(false)
  /// Signs of life that it has got.
  let renewals = Atomic(0)

  func seal(
    _ order: SealOrder, at member: Member
  ) async throws(HandoverFailure) -> SealAnswer { throw .fault("it does not answer") }

  func release(_ order: SealOrder, at member: Member) async throws(HandoverFailure) {
    throw .fault("it does not answer")
  }

  func renew(for heir: MemberProcess, at member: Member) async throws(HandoverFailure) {
    self.renewals.add(1, ordering: .relaxed)
    throw .fault("it is not to be answered")
  }

  func fetch(
    _ namespace: String, keys: [[UInt8]], heir: MemberProcess, from member: Member,
    timeout: TimeAmount
  ) async throws(HandoverFailure) -> [FetchedCopy] {
    self.fetches.add(1, ordering: .relaxed)
    while !self.answersFetches.load(ordering: .relaxed) { await Task.yield() }
    return keys.map { _ in
      .entry(value: Self.value, version: Self.version, expiry: .never, flags: 0)
    }
  }

  func migrate(
    _ arcs: ArcSet, heir: MemberProcess, from member: Member, after: UInt64,
    apply: @escaping @Sendable (MigrationBatch) async throws -> Void
  ) async throws(MigrationFailure) {
    throw MigrationFailure(acknowledged: after, cause: .fault("it does not answer"))
  }
}
