public import Logging
public import NIOCore
internal import NIOPosix
internal import Synchronization

/// A gRPC server over HTTP/2 with prior knowledge (h2c).
public final class Server: Sendable {
  /// What a server may use. Validated where it is configured.
  public struct Configuration: Sendable {
    public var connection = ConnectionLimits()
    /// Connections open at once; one more is closed as soon as it is accepted.
    public var connectionsMax = 10_000
    /// Connections that the kernel holds for us before they are accepted.
    public var listenBacklog = 1024
    /// See every call, in this order.
    public var interceptors: [any ServerInterceptor] = []

    public init() {}
  }

  /// A socket that the server listens on.
  struct Listener {
    let id: Int64
    let channel: any Channel
  }

  /// By which channelz knows the server; positive, and never given twice in the life of the process.
  public let id = ChannelzID.next()

  let router: Router
  let loops: [ObjectIdentifier: NIOLoopBoundBox<ServerLoop>]
  private let configuration: Configuration
  private let logger: Logger
  private let group: any EventLoopGroup
  private let openConnections = Atomic<Int>(0)
  let listeners = Mutex<[Listener]>([])

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

  /// Listens on `host`:`port` (0: any free one).
  ///
  /// - Returns: the address it listens on.
  public func listen(host: String, port: Int) async throws -> SocketAddress {
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
        channel.eventLoop.makeCompletedFuture { self.accept(channel) }
      }
    let listener = try await bootstrap.bind(host: host, port: port).get()
    self.listeners.withLock { $0.append(Listener(id: ChannelzID.next(), channel: listener)) }
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
      return listeners.map(\.channel)
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

  private func accept(_ channel: any Channel) {
    guard let bound = self.loops[ObjectIdentifier(channel.eventLoop)] else {
      preconditionFailure("a connection on a loop that is not the server's")
    }
    let open = self.openConnections.add(1, ordering: .relaxed).newValue
    guard open <= self.configuration.connectionsMax else {
      self.openConnections.subtract(1, ordering: .relaxed)
      bound.value.refused += 1
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
    let connection = ServerConnection(
      router: self.router, limits: self.configuration.connection, resources: loop.resources,
      logger: self.logger, peer: ConnectionPeer(address: channel.remoteAddress)
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
  private(set) var connections: [ObjectIdentifier: (ServerConnection, any Channel)] = [:]
  /// What the connections have done that are closed.
  private(set) var closedConnections = ConnectionMetrics()
  private(set) var accepted = 0
  /// Closed at once for want of room.
  var refused = 0
  private var isDraining = false

  func add(_ connection: ServerConnection, _ channel: any Channel) {
    self.accepted += 1
    self.connections[ObjectIdentifier(connection)] = (connection, channel)
    if self.isDraining { connection.startDrain() }
  }

  func remove(_ connection: ServerConnection) {
    self.closedConnections.add(connection)
    self.connections[ObjectIdentifier(connection)] = nil
  }

  /// Succeeds once every connection is closed, with how many did not close in time.
  func drain(timeout: TimeAmount, on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
    self.isDraining = true
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
