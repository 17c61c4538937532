internal import CacheStore
internal import GRPC
internal import GRPCServices
internal import HTTP2
internal import LarderAPI
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// What a node is made of, started in this order and stopped in the reverse: store, event loops,
/// services, admin pages, listener, housekeeping. The admin pages come before the listener and go
/// after it, so that they can say that the node is starting, or stopping.
struct NodeServer: Service {
  private let configuration: NodeConfiguration
  private let logger: Logger
  private let store: Store
  private let clock = NodeClock()
  private let health = HealthService()
  private let reflection: ReflectionService
  private let admin: AdminService
  private let channelz = ChannelzService(channels: ChannelRegistry())
  private let readiness = Readiness()
  private let startedNanoseconds = NodeClock.wallNanoseconds()

  init(_ configuration: NodeConfiguration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    self.store = try Store(StoreConfiguration(configuration))
    self.reflection = ReflectionService(
      try ReflectionIndex(
        descriptorSet: DescriptorSet.bytes,
        services: [
          CacheMethod.service, AdminMethod.service, "grpc.health.v1.Health",
          ChannelzService.service,
        ] + ReflectionService.services))
    self.admin = AdminService(store: self.store, loops: configuration.loops)
  }

  func run() async throws {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: self.configuration.loops)
    do {
      try await self.serve(on: loops)
    } catch {
      try await loops.shutdownGracefully()
      throw error
    }
    try await loops.shutdownGracefully()
    self.logger.info("stopped")
  }

  private func serve(on loops: MultiThreadedEventLoopGroup) async throws {
    let cache = CacheService(
      store: self.store, clock: self.clock, configuration: self.configuration)
    let server = Server(
      [.unary(paths: CacheMethod.allPaths, cache), .unary(paths: AdminMethod.allPaths, self.admin)]
        + self.health.registrations + self.reflection.registrations
        + self.channelz.registrations,
      configuration: Server.Configuration(self.configuration.limits), group: loops,
      logger: self.logger)
    self.channelz.show(server)
    let pages = try await self.startAdmin(server, loops)
    do {
      try await self.serve(server, pages: pages?.address, on: loops)
    } catch {
      try await pages?.shutdown()
      throw error
    }
    try await pages?.shutdown()
  }

  private func serve(
    _ server: Server, pages: HostPort?, on loops: MultiThreadedEventLoopGroup
  ) async throws {
    let listen = self.configuration.listen
    let address: SocketAddress
    do {
      address = try await server.listen(host: listen.host, port: listen.port)
    } catch {
      throw NodeError.cannotListen(listen, error)
    }
    let nodeID = self.configuration.resolvedNodeID(boundPort: address.port ?? listen.port)
    self.admin.listening(nodeID: nodeID) { server.connections }
    let housekeeping = self.startHousekeeping(on: loops.next())
    let names = [
      "", HealthService.live, HealthService.ready, CacheMethod.service, AdminMethod.service,
    ]
    for name in names { self.health.set(name, .serving) }
    self.readiness.current = .serving
    self.logger.info(
      "ready",
      metadata: [
        "listen": "\(HostPort(host: listen.host, port: address.port ?? listen.port))",
        "admin": "\(pages.map(\.description) ?? "off")", "node-id": "\(nodeID)", "version": "\(LarderVersion.current)",
        "loops": "\(self.configuration.loops)",
        "memory": "\(ByteCount(bytes: self.configuration.memoryBytes))",
      ])

    self.logger.info(
      "call it from any gRPC client",
      metadata: [
        "try": "larder set greeting hello --target \(self.reachable(address))",
        "or": "grpcurl -plaintext \(self.reachable(address)) describe larder.v1.Cache",
      ])

    await Self.untilStopped()

    self.logger.info("stopping: no new calls, finishing those under way")
    // Those who ask hear it before the listener closes, and clients before GOAWAY.
    self.readiness.current = .draining
    await self.health.stop()
    let abandoned = await server.shutdown(
      timeout: .milliseconds(self.configuration.limits.drainTimeoutMilliseconds))
    housekeeping.cancel()
    if abandoned > 0 {
      self.logger.warning(
        "connections closed with calls under way: drain-timeout passed",
        metadata: ["connections": "\(abandoned)"])
    }
  }

  private func startAdmin(
    _ server: Server, _ loops: MultiThreadedEventLoopGroup
  ) async throws -> AdminServer? {
    guard let address = self.configuration.admin else { return nil }
    let (store, startedNanoseconds) = (self.store, self.startedNanoseconds)
    let pages = AdminPages(
      readiness: self.readiness,
      metrics: { adminHits in
        NodeMetrics(
          version: LarderVersion.current, startedNanoseconds: startedNanoseconds,
          process: ProcessUsage.current(), logLinesLost: LogOutput.standardError.lostLines,
          namespaces: store.namespaces.configurations.map(\.name), store: store.statistics(),
          server: await server.metrics(), adminHits: adminHits
        ).text
      },
      loops: Array(loops.makeIterator()))
    return try await AdminServer.start(address, limits: self.configuration.limits, pages: pages)
  }

  /// Where a client on this machine finds the node.
  private func reachable(_ address: SocketAddress) -> HostPort {
    let listen = self.configuration.listen
    return HostPort(
      host: listen.isWildcard ? "127.0.0.1" : listen.host, port: address.port ?? listen.port)
  }

  private static func untilStopped() async {
    do {
      try await gracefulShutdown()
    } catch {
      // The task was cancelled, which asks for the same: stop.
    }
  }

  /// Expired entries are looked for in small steps, so that no shard is held long.
  private static let sweepBucketsMax = 8192

  private func startHousekeeping(on loop: any EventLoop) -> RepeatedTask {
    let interval = TimeAmount.milliseconds(
      self.configuration.limits.expirySweepIntervalMilliseconds)
    let (store, clock) = (self.store, self.clock)
    return loop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      clock.adjust()
      _ = store.sweep(bucketsMax: Self.sweepBucketsMax, now: clock.time(.now()))
    }
  }
}

/// What keeps a node from starting.
enum NodeError: Error, CustomStringConvertible {
  case cannotListen(HostPort, any Error)
  case cannotServeAdmin(HostPort, any Error)

  var description: String {
    switch self {
    case .cannotListen(let address, let error):
      "cannot listen on \(address): \(error). Is another process using the port? "
        + "Choose another address with --listen."
    case .cannotServeAdmin(let address, let error):
      "cannot serve the admin pages on \(address): \(error). Each node on a machine needs an "
        + "address of its own for them: choose another one with --admin, such as "
        + "\(HostPort(host: address.host, port: Swift.min(address.port + 1, 65_535))), or "
        + "--admin off."
    }
  }
}

extension StoreConfiguration {
  init(_ configuration: NodeConfiguration) {
    self.init(
      memoryBytes: configuration.memoryBytes,
      inlineValueMaxBytes: configuration.limits.inlineValueMaxBytes,
      valueMaxBytes: configuration.limits.valueMaxBytes,
      tombstonesMax: configuration.limits.tombstonesMax,
      cores: configuration.loops,
      namespaces: configuration.namespaces.map { namespace in
        CacheStore.NamespaceConfiguration(
          name: namespace.name,
          defaultExpiry: namespace.defaultTTLMilliseconds
            .map { .after(milliseconds: UInt64($0)) } ?? .never,
          ttlMaxMilliseconds: UInt64(namespace.ttlMaxMilliseconds))
      })
  }
}

extension Server.Configuration {
  init(_ limits: NodeLimits) {
    self.init()
    self.connectionsMax = limits.connectionsMax
    self.connection.messageMaxBytes = limits.messageMaxBytes
    self.connection.outputBufferMaxBytes = limits.outputBufferMaxBytes
    self.connection.requestBufferMaxBytes = limits.requestBufferMaxBytes
    self.connection.answerBufferMaxBytes = limits.answerBufferMaxBytes
    self.connection.session.streamsMax = limits.streamsMax
    self.connection.session.streamWindowBytes = limits.streamWindowBytes
    self.connection.session.connectionWindowBytes = limits.connectionWindowBytes
    self.connection.session.headerListMaxBytes = limits.headerListMaxBytes
    self.connection.session.headersMax = limits.headersMax
  }
}
