internal import CacheStore
internal import Cluster
internal import GRPC
internal import GRPCServices
internal import HTTP2
internal import LarderAPI
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import UnixSignals

/// What a node is made of, started in this order and stopped in the reverse: store, event loops,
/// services, admin pages, listener, housekeeping, membership of a cluster. The admin pages come before the listener and go
/// after it, so that they can say that the node is starting, or stopping.
struct NodeServer: Service {
  let configuration: NodeConfiguration
  let logger: Logger
  let store: Store
  let clock = NodeClock()
  private let health = HealthService()
  private let reflection: ReflectionService
  private let admin: AdminService
  let namespaces: NamespaceRegistry
  /// Nil: entries are gone when the node stops.
  let snapshots: SnapshotKeeper?
  /// Nil: everybody may call.
  let accessControl: AccessControl?
  /// Nil: plaintext.
  private let tls: TLSFiles?
  /// Nil: the node stands alone.
  let peerFiles: PeerFiles?
  private let channelz: ChannelzService
  /// Those that channelz shows.
  let channels = ChannelRegistry()
  let readiness = Readiness()
  let startedNanoseconds = NodeClock.wallNanoseconds()

  /// What SIGHUP, or a changed file, has read anew.
  private var reloadables: [any Reloadable] {
    let all: [(any Reloadable)?] = [self.tls, self.accessControl, self.peerFiles]
    return all.compactMap { $0 }
  }

  init(_ configuration: NodeConfiguration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    self.channelz = ChannelzService(channels: self.channels)
    self.tls = try TLSFiles(configuration, logger: logger)
    let hasPeers = !configuration.peers.isEmpty || !configuration.etcd.endpoints.isEmpty
    self.peerFiles = hasPeers ? try PeerFiles(configuration) : nil
    self.store = try Store(StoreConfiguration(configuration))
    self.reflection = ReflectionService(
      try ReflectionIndex(
        descriptorSet: DescriptorSet.bytes,
        services: [
          CacheMethod.service, AdminMethod.service, "grpc.health.v1.Health",
          ChannelzService.service,
        ] + (configuration.isClustered ? [PeerMethod.service] : [])
          + ReflectionService.services))
    let store = self.store
    self.namespaces = NamespaceRegistry(configuration, store: store)
    self.snapshots = try SnapshotKeeper(
      configuration, store: store, namespaces: self.namespaces, clock: self.clock, logger: logger)
    self.admin = AdminService(
      store: store, clock: self.clock, namespaces: self.namespaces, snapshots: self.snapshots,
      loops: configuration.loops, logger: logger)
    self.accessControl = try configuration.tokensFile.map { path in
      try AccessControl(
        path: path, place: configuration.origins.place(of: .tokens),
        namespaces: { store.namespaces.configurations.map(\.name) }, logger: logger)
    }
  }

  func run() async throws {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: self.configuration.loops)
    do {
      try await self.serve(on: loops)
    } catch {
      try await loops.shutdownGracefully()
      throw error
    }
    // Nobody calls any more: what is written now is what there was.
    try await self.snapshots?.shutdown()
    try await loops.shutdownGracefully()
    self.logger.info("stopped")
  }

  private func serve(on loops: MultiThreadedEventLoopGroup) async throws {
    let cluster = try self.makeCluster(loops)
    let services: [ServiceRegistration] =
      self.cacheServices(cluster) + [.unary(paths: AdminMethod.allPaths, self.admin)]
      + self.health.registrations + self.reflection.registrations + self.channelz.registrations
    var serverConfiguration = Server.Configuration(self.configuration.limits)
    serverConfiguration.compression = MessageCompression(self.configuration)
    serverConfiguration.interceptors = self.interceptors(paths: services.flatMap(\.paths))
    let server = Server(
      services, configuration: serverConfiguration, group: loops, logger: self.logger)
    self.channelz.show(server)
    self.admin.joined(cluster)
    let pages = try await self.startAdmin(server, loops, cluster)
    do {
      if try await self.restore(cluster?.forwarding) {
        try await self.serve(server, pages: pages?.address, cluster?.member, on: loops)
      }
    } catch {
      try await pages?.shutdown()
      throw error
    }
    try await pages?.shutdown()
    await cluster?.forwarding.shutdown()
  }

  private func serve(
    _ server: Server, pages: HostPort?, _ member: MemberNode?,
    on loops: MultiThreadedEventLoopGroup
  ) async throws {
    for warning in self.configuration.warnings { self.logger.warning("\(warning)") }
    // Before anyone can know that the node is there, and tell it to reload.
    let hangUps = await UnixSignalsSequence(trapping: .sighup)
    let listen = self.configuration.listen
    let address = try await Self.listen(server, .listen, listen, self.tls?.tls)
    var plaintext: HostPort?
    if let second = self.configuration.tls.plaintextListen {
      let bound = try await Self.listen(server, .plaintextListen, second, nil)
      plaintext = HostPort(host: second.host, port: bound.port ?? second.port)
    }
    let nodeID = self.configuration.resolvedNodeID(boundPort: address.port ?? listen.port)
    self.admin.listening(nodeID: nodeID) { server.connections }
    let housekeeping = self.startHousekeeping(on: loops.next())
    self.health.set(HealthService.live, .serving)
    self.health.set(AdminMethod.service, .serving)
    var metadata: Logger.Metadata = [
      "listen": "\(HostPort(host: listen.host, port: address.port ?? listen.port))",
      "admin": "\(pages?.description ?? "off")", "node-id": "\(nodeID)",
      "version": "\(LarderVersion.current)", "loops": "\(self.configuration.loops)",
      "memory": "\(ByteCount(bytes: self.configuration.memoryBytes))",
    ]
    metadata["tls"] = self.tls.map { _ in "\(self.configuration.tls.summary)" }
    metadata["plaintext-listen"] = plaintext.map { "\($0)" }
    let (described, examples) = (metadata, self.examples(address))
    let whenReady = { @Sendable in
      for name in Self.readyServices { self.health.set(name, .serving) }
      self.readiness.serve()
      self.logger.info("ready", metadata: described)
      self.logger.info("call it from any gRPC client", metadata: examples)
    }
    if member == nil {
      whenReady()
    } else {
      for name in Self.readyServices { self.health.set(name, .notServing) }
      self.readiness.current = .joining
    }
    // The node serves on, but whoever balances load is to call others.
    member?.whenDraining {
      self.readiness.current = .draining
      for name in Self.readyServices { self.health.set(name, .notServing) }
    }

    let result = await self.run(
      hangUps, member, port: address.port ?? listen.port, whenReady: whenReady
    ) {
      self.logger.info("stopping: no new calls, finishing those under way")
      // Those who ask hear it before the listener closes, and clients before GOAWAY. The other nodes
      // hear it before that too, and call others.
      self.readiness.current = .draining
      await self.health.stop()
      await member?.leave()
      let abandoned = await server.shutdown(
        timeout: .milliseconds(self.configuration.limits.drainTimeoutMilliseconds))
      if abandoned > 0 {
        self.logger.warning(
          "connections closed with calls under way: drain-timeout passed",
          metadata: ["connections": "\(abandoned)"])
      }
    }
    housekeeping.cancel()
    try result.get()
  }

  /// By which names clients ask whether to call this node.
  private static let readyServices = ["", HealthService.ready, CacheMethod.service]

  /// What ends the wait of a node that serves.
  private enum Ending: Sendable {
    case stopped, watchingEnded
  }

  /// Serves until the node is told to stop, or cannot be a member of its cluster any more; then drains it,
  /// and gives its lease back.
  ///
  /// - Returns: why it cannot be a member.
  private func run(
    _ hangUps: UnixSignalsSequence, _ member: MemberNode?, port: Int,
    whenReady: @escaping @Sendable () -> Void, drain: () async -> Void
  ) async -> Result<Void, any Error> {
    await withTaskGroup(of: Result<Ending, any Error>.self) { group in
      let etcdFiles = member.map { [$0.etcdFiles] } ?? []
      let reloader = Reloader(self.reloadables + etcdFiles, logger: self.logger)
      let interval = self.configuration.limits.reloadIntervalMilliseconds
      group.addTask {
        await reloader.run(every: .milliseconds(interval), hangUps: hangUps)
        return .success(.watchingEnded)
      }
      group.addTask {
        await Self.untilStopped()
        return .success(.stopped)
      }
      if let snapshots = self.snapshots {
        group.addTask {
          await snapshots.run()
          return .success(.watchingEnded)
        }
      }
      if let member {
        group.addTask {
          do {
            try await member.run(port: port, whenJoined: whenReady)
            return .success(.watchingEnded)
          } catch {
            return .failure(error)
          }
        }
      }
      var failure: (any Error)?
      waiting: for await ending in group {
        switch ending {
        case .success(.watchingEnded): continue
        case .success(.stopped): break waiting
        case .failure(let error):
          failure = error
          break waiting
        }
      }
      self.snapshots?.stop()
      await drain()
      group.cancelAll()
      return failure.map { .failure($0) } ?? .success(())
    }
  }

  private static func listen(
    _ server: Server, _ setting: Setting, _ address: HostPort, _ tls: ServerTLS?
  ) async throws(NodeError) -> SocketAddress {
    do {
      return try await server.listen(host: address.host, port: address.port, tls: tls)
    } catch {
      throw .cannotListen(setting.name, address, error)
    }
  }

  /// Puts back the entries of the snapshot that belong to this node; false: it was told to stop.
  private func restore(_ cluster: Forwarding?) async throws -> Bool {
    guard let snapshots = self.snapshots else { return true }
    // All loops have the same table before the first call.
    let table = cluster?.loops.first?.table
    return try await withGracefulShutdownHandler {
      try await snapshots.restore { hash in table?.otherOwner(of: hash) == nil }
    } onGracefulShutdown: {
      snapshots.stop()
    }
  }

  private static func untilStopped() async {
    do {
      try await gracefulShutdown()
    } catch {
      // The task was cancelled, which asks for the same: stop.
    }
  }

  /// What is left of tombstones is looked for in small steps, so that no shard is held long.
  private static let sweepBucketsMax = 1024

  private func startHousekeeping(on loop: any EventLoop) -> RepeatedTask {
    let interval = TimeAmount.milliseconds(
      self.configuration.limits.expirySweepIntervalMilliseconds)
    let (store, clock) = (self.store, self.clock)
    return loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      clock.adjust()
      let now = clock.time(.now())
      store.expire(now: now)
      _ = store.sweep(bucketsMax: Self.sweepBucketsMax, now: now)
    }
  }
}
