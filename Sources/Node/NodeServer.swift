internal import CacheStore
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
/// services, listener, housekeeping.
struct NodeServer: Service {
  private let configuration: NodeConfiguration
  private let logger: Logger
  private let store: Store
  private let clock = NodeClock()
  private let health = HealthService()
  private let reflection: ReflectionService
  private let admin: AdminService
  /// Nil: everybody may call.
  private let accessControl: AccessControl?
  /// Nil: plaintext.
  private let tls: TLSFiles?

  /// What SIGHUP, or a changed file, has read anew.
  private var reloadables: [any Reloadable] {
    let all: [(any Reloadable)?] = [self.tls, self.accessControl]
    return all.compactMap { $0 }
  }

  init(_ configuration: NodeConfiguration, logger: Logger) throws {
    self.configuration = configuration
    self.logger = logger
    self.tls = try TLSFiles(configuration.tls, logger: logger)
    self.store = try Store(StoreConfiguration(configuration))
    self.reflection = ReflectionService(
      try ReflectionIndex(
        descriptorSet: DescriptorSet.bytes,
        services: [CacheMethod.service, AdminMethod.service, "grpc.health.v1.Health"]
          + ReflectionService.services))
    self.admin = AdminService(store: self.store, loops: configuration.loops)
    self.accessControl = try configuration.tokensFile.map { path in
      try AccessControl(
        path: path, namespaces: configuration.namespaces.map(\.name), logger: logger)
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
    try await loops.shutdownGracefully()
    self.logger.info("stopped")
  }

  private func serve(on loops: MultiThreadedEventLoopGroup) async throws {
    let cache = CacheService(
      store: self.store, clock: self.clock, configuration: self.configuration,
      isAccessControlled: self.accessControl != nil)
    let services: [ServiceRegistration] =
      [.unary(paths: CacheMethod.allPaths, cache), .unary(paths: AdminMethod.allPaths, self.admin)]
      + self.health.registrations + self.reflection.registrations
    var serverConfiguration = Server.Configuration(self.configuration.limits)
    serverConfiguration.compression = MessageCompression(self.configuration)
    serverConfiguration.interceptors = self.interceptors(paths: services.flatMap(\.paths))
    let server = Server(
      services, configuration: serverConfiguration, group: loops, logger: self.logger)
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
    for name in ["", CacheMethod.service, AdminMethod.service] { self.health.set(name, .serving) }
    var metadata: Logger.Metadata = [
      "listen": "\(HostPort(host: listen.host, port: address.port ?? listen.port))",
      "node-id": "\(nodeID)", "version": "\(LarderVersion.current)",
      "loops": "\(self.configuration.loops)",
      "memory": "\(ByteCount(bytes: self.configuration.memoryBytes))",
    ]
    metadata["tls"] = self.tls.map { _ in "\(self.configuration.tls.summary)" }
    metadata["plaintext-listen"] = plaintext.map { "\($0)" }
    self.logger.info("ready", metadata: metadata)

    self.logger.info("call it from any gRPC client", metadata: self.examples(address))

    await withTaskGroup(of: Void.self) { group in
      let reloader = Reloader(self.reloadables, logger: self.logger)
      let interval = self.configuration.limits.reloadIntervalMilliseconds
      group.addTask { await reloader.run(every: .milliseconds(interval), hangUps: hangUps) }
      await Self.untilStopped()
      group.cancelAll()
    }

    self.logger.info("stopping: no new calls, finishing those under way")
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

  /// In the order in which they see a call: the log hears of refusals too, and a caller that is
  /// known is counted by its name.
  private func interceptors(paths: [String]) -> [any ServerInterceptor] {
    var interceptors: [any ServerInterceptor] = []
    if self.configuration.accessLog != .off {
      interceptors.append(AccessLog(mode: self.configuration.accessLog, logger: self.logger))
    }
    let limits = self.configuration.limits
    let rateLimit =
      limits.rateLimitPerClient == 0
      ? nil
      : ClientRateLimit(
        rate: TokenBucket.Rate(perSecond: limits.rateLimitPerClient, burst: limits.rateLimitBurst),
        clientsMax: limits.rateLimitClientsMax, paths: paths)
    if let control = self.accessControl {
      interceptors.append(Authentication(control: control, rateLimit: rateLimit, paths: paths))
    }
    if let rateLimit { interceptors.append(rateLimit) }
    return interceptors
  }

  /// Two calls that work as they stand, but for the files that hold secrets.
  private func examples(_ address: SocketAddress) -> Logger.Metadata {
    let target = self.reachable(address)
    var (larder, grpcurl) = self.configuration.tls.clientFlags
    if self.accessControl != nil {
      larder += " --token-file FILE"
      grpcurl += " -H \"authorization: Bearer $(cat FILE)\""
    }
    return [
      "try": "larder set greeting hello --target \(target)\(larder)",
      "or": "grpcurl \(grpcurl) \(target) describe larder.v1.Cache",
    ]
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
  /// The setting that gave the address, the address, and why.
  case cannotListen(String, HostPort, any Error)
  /// The setting that gave the path, the path, and why.
  case unreadable(String, String, String)

  var description: String {
    switch self {
    case .cannotListen(let setting, let address, let error):
      "cannot listen on \(address): \(error). Is another process using the port? "
        + "Choose another address with --\(setting)."
    case .unreadable(let setting, let path, let reason):
      "\(setting): \(quoted(path)) \(reason). Expected a PEM file that the node's user may read."
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
    self.handshakeTimeout = .milliseconds(limits.handshakeTimeoutMilliseconds)
    self.connectionsPerAddressMax = limits.connectionsPerAddressMax
    self.handlersMax = limits.handlersMax
    self.buffersMaxBytes = limits.buffersMaxBytes
    self.connection.timeouts = ServerTimeouts(limits)
    self.connection.messageMaxBytes = limits.messageMaxBytes
    self.connection.outputBufferMaxBytes = limits.outputBufferMaxBytes
    self.connection.requestBufferMaxBytes = limits.requestBufferMaxBytes
    self.connection.answerBufferMaxBytes = limits.answerBufferMaxBytes
    self.connection.session.streamsMax = limits.streamsMax
    self.connection.session.streamWindowBytes = limits.streamWindowBytes
    self.connection.session.connectionWindowBytes = limits.connectionWindowBytes
    self.connection.session.headerListMaxBytes = limits.headerListMaxBytes
    self.connection.session.headersMax = limits.headersMax
    self.connection.session.protect(by: limits)
  }
}
