internal import CacheStore
internal import Cluster
internal import Etcd
internal import GRPC
internal import Logging
internal import NIOCore
internal import Synchronization

/// A node's part in a cluster that etcd keeps: it joins when the node listens, and leaves when it stops.
///
///     listening ── run ──> registered, and on the ring in its own view: whenJoined
///     (an operator ─ drain ─> off all rings, its entries handed over; it passes calls on)
///     stopping ── leave ─> off all rings; calls under way end; then run's task is cancelled, and the
///                          lease is given back
final class MemberNode: Sendable {
  let configuration: NodeConfiguration
  /// Where etcd is, and who this node is there.
  let etcdFiles: EtcdFiles
  private let forwarding: Forwarding
  let channels: PeerChannels
  private let handoverChannels: HandoverChannels
  /// What is moved to and from other nodes, for operators.
  let migrations: MigrationRegister
  /// Gets what the node gains, and keeps what it has lost for others.
  let handover: Handover
  let store: Store
  private let group: any EventLoopGroup
  let logger: Logger
  /// Nil until the node listens: before, nobody knows by which port others would reach it.
  private let joined = Mutex<Membership?>(nil)
  /// How far the node is with handing over all that it holds; nil: nobody has told it to.
  let draining = Mutex<Draining?>(nil)
  /// What the node does when an operator has it drain.
  private let drainHook = Mutex<(@Sendable () -> Void)?>(nil)
  /// Held while the loops are told until when they may serve.
  private let heeding = Mutex(())
  /// Members whose addresses refuse connections, as the event loops find them.
  private let deaths = AsyncStream.makeStream(
    of: (member: Cluster.Member, at: ContinuousClock.Instant).self,
    bufferingPolicy: .bufferingNewest(64))

  /// Between two looks at the epoch that the event loops go by.
  private static let epochInterval: Duration = .milliseconds(2)
  /// How often peers are told of this node's clock.
  private static let clockInterval: Duration = .seconds(1)
  /// How long a change of the ring waits for the cluster's clock, which etcd has at hand.
  private static let clockTimeout: Duration = .milliseconds(500)

  /// - Parameters:
  ///   - forwarding: its tables become those of the cluster.
  ///   - peers: how other nodes are called.
  /// - Throws: what is wrong with the files that the settings name.
  init(
    _ configuration: NodeConfiguration, forwarding: Forwarding, peers: ForwardingConfiguration,
    store: Store, clock: NodeClock, group: any EventLoopGroup, logger: Logger
  ) throws {
    self.configuration = configuration
    self.etcdFiles = try EtcdFiles(configuration)
    self.forwarding = forwarding
    // Others ask for this node's lease, and must hear of it, before their own is over.
    let timeout = TimeAmount.milliseconds(configuration.limits.leaseTTLMilliseconds / 6)
    self.channels = PeerChannels(
      group: group, configuration: peers, timeout: timeout, logger: logger)
    self.migrations = MigrationRegister(bytesPerSecond: configuration.limits.migrationRateBytes)
    self.handoverChannels = HandoverChannels(
      group: group, configuration: peers, register: self.migrations,
      limits: HandoverLimits(configuration.limits))
    self.handover = Handover(
      store: store, forwarding: forwarding, peer: self.handoverChannels,
      register: self.migrations, configuration: peers, time: { clock.time(.now()) }, logger: logger)
    forwarding.fetchMissing(with: self.handover)
    self.store = store
    self.group = group
    self.logger = logger
    forwarding.whenBehind { [weak self] in self?.membership?.heard($0) }
    forwarding.peerDied { [deaths] in deaths.continuation.yield(($0, .now)) }
  }

  /// Nil until the node listens.
  var membership: Membership? { self.joined.withLock { $0 } }

  /// - Parameter hook: called when an operator has the node drain, each time that it begins.
  func whenDraining(_ hook: @escaping @Sendable () -> Void) {
    self.drainHook.withLock { $0 = hook }
  }

  func tellOfDrain() { self.drainHook.withLock { $0 }?() }

  /// Shows other nodes these credentials from now on, where it asks them how they stand.
  func install(_ credentials: PeerCredentials) {
    self.channels.install(credentials)
    self.handoverChannels.install(credentials)
  }

  /// Waits until all event loops go by the ring of an epoch, or by a newer one.
  ///
  /// - Returns: false: the time was over before.
  func wait(toGoBy epoch: Epoch, timeout: Duration) async -> Bool {
    let end = ContinuousClock.now + timeout
    while await self.forwarding.oldestEpoch() < epoch {
      do {
        try await Task.sleep(for: Self.epochInterval)
      } catch {
        return false
      }
      if ContinuousClock.now >= end { return false }
    }
    return true
  }

  /// Joins the cluster, and follows it, until the task is cancelled; then gives the lease back.
  ///
  /// - Parameters:
  ///   - port: the one that the node listens on.
  ///   - whenJoined: called once, when the node is on the ring, and sees that itself.
  /// - Throws: why this node cannot be a member, with the remedy.
  func run(port: Int, whenJoined: @escaping @Sendable () -> Void) async throws {
    let etcd = self.etcdFiles.etcd
    let client = try EtcdClient(etcd, group: self.group, logger: self.logger)
    self.etcdFiles.whenRead { client.install($0) }
    let membership: Membership
    do {
      membership = try Membership(
        MembershipConfiguration(self.member(port: port), self.configuration), etcd: client,
        clock: self.store.clock, survey: self.channels, logger: self.logger)
    } catch {
      await client.shutdown()
      throw error
    }
    self.joined.withLock { $0 = membership }
    self.logger.info(
      "joining the cluster",
      metadata: [
        "cluster": "\(self.configuration.member.cluster)", "node-id": "\(membership.member.id)",
        "address": "\(membership.member.address)",
        "etcd": "\(etcd.endpoints.map(\.description).joined(separator: ","))",
      ])
    let result = await Self.result { try await self.run(client, membership, whenJoined) }
    // Without a registration others own its keys: nothing that still comes is served as if it owned them.
    self.forwarding.serve(until: .now())
    await self.channels.shutdown()
    await self.handoverChannels.shutdown()
    try result.get()
  }

  // MARK: - Parts

  /// This node, as the others are to know it.
  private func member(port: Int) -> Cluster.Member {
    let address = self.configuration.advertisedAddress(boundPort: port)
    return Cluster.Member(
      id: self.configuration.resolvedNodeID(boundPort: port), host: address.host,
      port: address.port, zone: self.configuration.member.zone,
      weight: self.configuration.member.weight,
      capacityBytes: UInt64(self.configuration.memoryBytes), version: LarderVersion.current,
      shared: SharedSettings(self.configuration.limits))
  }

  private func run(
    _ client: EtcdClient, _ membership: Membership, _ whenJoined: @escaping @Sendable () -> Void
  ) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await client.run() }
      group.addTask { try await membership.run() }
      group.addTask { await self.follow(membership, whenJoined) }
      group.addTask { await self.handover.run() }
      group.addTask { await self.tellClock() }
      group.addTask { await self.heedLeases(membership) }
      group.addTask { await self.heedDeaths(membership) }
      // All of them run until they are cancelled, or this node cannot be a member.
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  private func follow(_ membership: Membership, _ whenJoined: () -> Void) async {
    var follower = ViewFollower(ownID: membership.member.id)
    var own: MemberProcess { MemberProcess(membership.member) }
    for await view in membership.views() {
      let change = follower.follow(view, incarnation: membership.member.incarnation)
      if change.hasLost { await membership.passClock(timeout: Self.clockTimeout) }
      // A table by which the node serves, and the lease by which it may, come at once.
      self.heedLease(of: membership)
      if let table = change.table {
        await self.go(by: table, view, own, forgetting: change.forgets)
      }
      if change.hasJoined { whenJoined() }
      await self.channels.keep(view.members)
      await self.handoverChannels.keep(view.members)
    }
  }

  private func go(
    by table: RoutingTable, _ view: ClusterView, _ own: MemberProcess,
    forgetting forgotten: ViewFollower.Forgotten
  ) async {
    // What is still under way would come in behind what is being forgotten.
    if forgotten != .nothing {
      await self.tellOfForgotten()
      self.handover.reset()
    }
    switch forgotten {
    case .nothing: break
    case .all: await self.forwarding.install(table, arrivals: .none)
    case .allBefore:
      // As one that has seen nothing yet: calls of peers that see this node on the ring wait meanwhile.
      await self.forwarding.install(
        RoutingTable(table, epoch: .unknown, duty: .none), arrivals: .none)
    }
    if forgotten != .nothing { await self.forget(.all) }
    await self.handover.change(
      to: table, members: view.members, own: own, isAnew: forgotten != .nothing)
  }

  /// In small steps, so that no shard is held long: a second for ten million entries.
  private func forget(_ arcs: ArcSet) async {
    var cursor: DropCursor? = DropCursor()
    while let next = cursor {
      cursor = self.store.drop(arcs, from: next)
      await Task.yield()
    }
  }

  /// A lease is over when its time is: the loops see that by themselves.
  private func heedLeases(_ membership: Membership) async {
    for await _ in membership.servingEnds { self.heedLease(of: membership) }
  }

  /// Two tasks do: what the loops are told last is the newest.
  private func heedLease(of membership: Membership) {
    self.heeding.withLock { _ in
      switch membership.servingEnd {
      case .never: self.forwarding.serve(until: .distantFuture)
      case .passed: self.forwarding.serve(until: .now())
      case .at(let instant):
        let left = ContinuousClock.now.duration(to: instant)
        self.forwarding.serve(until: .now() + TimeAmount(left))
      }
    }
  }

  /// Who finds a member dead tells etcd, and so the others. Every loop of every node may: the record is
  /// deleted once.
  private func heedDeaths(_ membership: Membership) async {
    var notices = DeathNotices()
    for await (dead, at) in self.deaths.stream where notices.admits(dead.id, foundAt: at, .now) {
      do throws(EtcdError) {
        try await membership.declareDead(dead)
      } catch {
        self.logger.warning(
          "cannot tell etcd that a member is dead; its lease will end",
          metadata: ["id": "\(dead.id)", "error": "\(error)"])
      }
    }
  }

  private func tellClock() async {
    do {
      while true {
        try await Task.sleep(for: Self.clockInterval)
        self.forwarding.tellClock()
      }
    } catch {
      // Cancelled, which is how it ends.
    }
  }

  private static func result(_ body: () async throws -> Void) async -> Result<Void, any Error> {
    do {
      return .success(try await body())
    } catch {
      return .failure(error)
    }
  }
}
