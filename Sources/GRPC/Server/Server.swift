public import Logging
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A gRPC server over HTTP/2, within TLS or with prior knowledge (h2c), by listener.
public final class Server: Sendable {
  /// What a server may use. Validated where it is configured.
  public struct Configuration: Sendable {
    public var connection = ConnectionLimits()
    /// Connections open at once; one more is closed as soon as it is accepted.
    public var connectionsMax = 10_000
    /// Connections that the kernel holds for us before they are accepted.
    public var listenBacklog = 1024
    /// How long a TLS handshake may take before the connection is closed.
    public var handshakeTimeout: TimeAmount = .seconds(10)
    /// Which replies are compressed, for clients that take it.
    public var compression = MessageCompression()
    /// See every call, in this order.
    public var interceptors: [any ServerInterceptor] = []

    public init() {}
  }

  private let configuration: Configuration
  private let router: Router
  private let logger: Logger
  private let loops: [ObjectIdentifier: NIOLoopBoundBox<ServerLoop>]
  private let group: any EventLoopGroup
  private let openConnections = Atomic<Int>(0)
  private let failedHandshakes = Atomic<Int>(0)
  private let listeners = Mutex<[any Channel]>([])

  /// - Parameter group: its event loops serve the connections; stays the caller's.
  public init(
    _ services: [ServiceRegistration], configuration: Configuration, group: any EventLoopGroup,
    logger: Logger
  ) {
    self.configuration = configuration
    self.router = Router(services, interceptors: configuration.interceptors)
    self.group = group
    self.logger = logger
    var loops: [ObjectIdentifier: NIOLoopBoundBox<ServerLoop>] = [:]
    for loop in group.makeIterator() {
      // Nobody uses the value before the loop does.
      loops[ObjectIdentifier(loop)] = .makeBoxSendingValue(ServerLoop(), eventLoop: loop)
    }
    self.loops = loops
  }

  /// Connections open now.
  public var connections: Int { self.openConnections.load(ordering: .relaxed) }

  /// TLS handshakes that failed since the server was made, for whatever reason.
  public var handshakeFailures: Int { self.failedHandshakes.load(ordering: .relaxed) }

  /// Listens on `host`:`port` (0: any free one). A server may listen on several addresses.
  ///
  /// - Parameter tls: makes all connections to this address speak TLS; nil: plaintext.
  /// - Returns: the address it listens on.
  public func listen(host: String, port: Int, tls: ServerTLS? = nil) async throws -> SocketAddress {
    let bootstrap = ServerBootstrap(group: self.group)
      .serverChannelOption(.backlog, value: Int32(self.configuration.listenBacklog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 8192, maximum: 64 << 10)
      )
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(
          low: self.configuration.connection.outputBufferMaxBytes / 2,
          high: self.configuration.connection.outputBufferMaxBytes)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { self.accept(channel, tls) }
      }
    let listener = try await bootstrap.bind(host: host, port: port).get()
    self.listeners.withLock { $0.append(listener) }
    guard let address = listener.localAddress else {
      preconditionFailure("a bound listener has an address")
    }
    return address
  }

  /// Stops listening, tells every client, serves the calls under way and closes.
  ///
  /// - Parameter timeout: after it, what is still open is closed.
  /// - Returns: the number of connections that had to be closed.
  public func shutdown(timeout: TimeAmount) async -> Int {
    let listeners = self.listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    for listener in listeners { listener.close(promise: nil) }
    for listener in listeners { await listener.waitUntilClosed() }
    let drained = self.loops.values.map { loop in
      loop.eventLoop.flatSubmit { loop.value.drain(timeout: timeout, on: loop.eventLoop) }
    }
    return await withCheckedContinuation { continuation in
      EventLoopFuture.reduce(0, drained, on: self.group.any(), +).whenComplete { result in
        // The parts cannot fail; a loop that is shut down has no connections left.
        if case .success(let abandoned) = result {
          continuation.resume(returning: abandoned)
        } else {
          continuation.resume(returning: 0)
        }
      }
    }
  }

  private func accept(_ channel: any Channel, _ tls: ServerTLS?) {
    guard let bound = self.loops[ObjectIdentifier(channel.eventLoop)] else {
      preconditionFailure("a connection on a loop that is not the server's")
    }
    let open = self.openConnections.add(1, ordering: .relaxed).newValue
    guard open <= self.configuration.connectionsMax else {
      self.openConnections.subtract(1, ordering: .relaxed)
      bound.value.resources.limitHits.count(.connectionsMax)
      self.logger.warning(
        "connection refused: connections-max is reached",
        metadata: [
          "connections-max": "\(self.configuration.connectionsMax)",
          "peer": "\(channel.remoteAddress?.description ?? "unknown")",
        ])
      channel.close(promise: nil)
      return
    }
    let loop = bound.value
    if let tls {
      self.secure(channel, tls, loop)
    } else {
      self.serve(channel, ConnectionPeer(address: channel.remoteAddress), loop)
    }
  }

  /// The connection begins after the handshake; until then there is only a channel.
  private func secure(_ channel: any Channel, _ tls: ServerTLS, _ loop: ServerLoop) {
    let handshake = TLSHandshake(.server(timeout: self.configuration.handshakeTimeout)) { result in
      loop.handshakeEnded(channel)
      switch result {
      case .success(let names):
        let peer = ConnectionPeer(
          address: channel.remoteAddress, certificateNames: names, isEncrypted: true)
        self.serve(channel, peer, loop)
      case .failure(let failure):
        self.handshakeFailed(channel, failure, loop)
      }
    }
    do {
      try channel.pipeline.syncOperations.addHandlers(tls.makeHandler(), handshake)
      loop.handshakeBegan(channel)
    } catch {
      // The channel is closed already; its handlers never came to be.
      self.openConnections.subtract(1, ordering: .relaxed)
    }
  }

  private func handshakeFailed(
    _ channel: any Channel, _ failure: TLSHandshake.Failure, _ loop: ServerLoop
  ) {
    self.openConnections.subtract(1, ordering: .relaxed)
    self.failedHandshakes.add(1, ordering: .relaxed)
    if failure == .timedOut { loop.resources.limitHits.count(.handshakeTimeout) }
    self.logger.debug(
      "TLS handshake failed",
      metadata: [
        "peer": "\(channel.remoteAddress?.description ?? "unknown")", "reason": "\(failure)",
      ])
  }

  private func serve(_ channel: any Channel, _ peer: ConnectionPeer, _ loop: ServerLoop) {
    let connection = ServerConnection(
      router: self.router, limits: self.configuration.connection, resources: loop.resources,
      logger: self.logger, peer: peer, compression: self.configuration.compression
    ) { connection in
      loop.remove(connection)
      self.openConnections.subtract(1, ordering: .relaxed)
    }
    do {
      try channel.pipeline.syncOperations.addHandler(connection)
      loop.add(connection, channel)
    } catch {
      // The channel is closed already; its handler never came to be.
      self.openConnections.subtract(1, ordering: .relaxed)
    }
  }
}

/// The server's connections on one event loop. Used on that loop only.
final class ServerLoop {
  let resources = LoopResources(allocator: ByteBufferAllocator())
  private var connections: [ObjectIdentifier: (ServerConnection, any Channel)] = [:]
  /// Channels whose TLS handshake is under way: nobody has called on them yet.
  private var handshakes: [ObjectIdentifier: any Channel] = [:]
  private var isDraining = false

  func handshakeBegan(_ channel: any Channel) {
    self.handshakes[ObjectIdentifier(channel)] = channel
    if self.isDraining { channel.close(promise: nil) }
  }

  func handshakeEnded(_ channel: any Channel) {
    self.handshakes[ObjectIdentifier(channel)] = nil
  }

  func add(_ connection: ServerConnection, _ channel: any Channel) {
    self.connections[ObjectIdentifier(connection)] = (connection, channel)
    if self.isDraining { connection.startDrain() }
  }

  func remove(_ connection: ServerConnection) {
    self.connections[ObjectIdentifier(connection)] = nil
  }

  /// Succeeds once every connection is closed, with how many did not close in time.
  func drain(timeout: TimeAmount, on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
    self.isDraining = true
    for channel in Array(self.handshakes.values) { channel.close(promise: nil) }
    let open = Array(self.connections.values)
    for (connection, _) in open { connection.startDrain() }
    let abandoned = NIOLoopBoundBox(0, eventLoop: eventLoop)
    let timer = eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      abandoned.value = self.connections.count
      for (connection, _) in Array(self.connections.values) { connection.closeNow() }
    }
    return EventLoopFuture.andAllComplete(open.map { $0.1.closeFuture }, on: eventLoop)
      .assumeIsolated()
      .map {
        timer.cancel()
        return abandoned.value
      }
      .nonisolated()
  }
}

extension Channel {
  /// Returns once the channel is closed; how it came to that does not matter here.
  func waitUntilClosed() async {
    await withCheckedContinuation { continuation in
      self.closeFuture.whenComplete { _ in continuation.resume() }
    }
  }
}
