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
    /// Connections open at once from one IPv4 address, or from one /64 network of IPv6.
    public var connectionsPerAddressMax = 1_000
    /// Tasks that serve streaming calls, those of cancelled calls included until they return; above
    /// it streaming calls are refused.
    public var handlersMax = 10_000
    /// Bytes of requests and answers that all connections together may hold; above it calls are
    /// refused. At least `connection.requestBufferMaxBytes`.
    public var buffersMaxBytes = 1 << 30
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

  /// A socket that the server listens on.
  struct Listener {
    let id: Int64
    let channel: any Channel
  }

  /// By which channelz knows the server; positive, and never given twice in the life of the process.
  public let id = ChannelzID.next()

  /// Bytes that the kernel holds for a connection beyond what is on its way; it would take megabytes
  /// for a client that reads nothing, in one turn, and nobody would count them.
  private static let unsentMaxBytes = 256 << 10
  /// TCP_NOTSENT_LOWAT of tcp(7), which has no name in Glibc's module.
  private static let tcpNotSentLowat = NIOBSDSocket.Option(rawValue: 25)

  let router: Router
  let loops: [ObjectIdentifier: NIOLoopBoundBox<ServerLoop>]
  private let configuration: Configuration
  private let logger: Logger
  private let group: any EventLoopGroup
  private let succeededHandshakes = Atomic<Int>(0)
  private let failedHandshakes = Atomic<Int>(0)
  private let counts: ConnectionCounts
  private let load: ServerLoad
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
    self.counts = ConnectionCounts(
      connectionsMax: configuration.connectionsMax,
      connectionsPerAddressMax: configuration.connectionsPerAddressMax)
    let load = ServerLoad(
      buffersMaxBytes: configuration.buffersMaxBytes, handlersMax: configuration.handlersMax)
    self.load = load
    var loops: [ObjectIdentifier: NIOLoopBoundBox<ServerLoop>] = [:]
    for (index, loop) in group.makeIterator().enumerated() {
      // Nobody uses the value before the loop does.
      let value = ServerLoop(
        index: index, load: load, sweepInterval: configuration.connection.timeouts.sweepInterval)
      loops[ObjectIdentifier(loop)] = .makeBoxSendingValue(value, eventLoop: loop)
    }
    self.loops = loops
  }

  /// Connections open now.
  public var connections: Int { self.counts.open }

  /// TLS handshakes that succeeded since the server was made.
  public var handshakes: Int { self.succeededHandshakes.load(ordering: .relaxed) }

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
      // As for reads below: a burst of connections is taken one by one, between the turns of others.
      .serverChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.tcpOption(Self.tcpNotSentLowat), value: Self.unsentMaxBytes)
      // A connection's turn is one small read, whatever it has sent: see `ReadSize`.
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelOption(
        .recvAllocator,
        value: ServerConnection.readAllocator(ReadSize())
      )
      .childChannelOption(
        .writeBufferWaterMark,
        value: .init(
          low: self.configuration.connection.outputBufferMaxBytes / 2,
          high: self.configuration.connection.outputBufferMaxBytes)
      )
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(LingeringClose())
          self.accept(channel, tls)
        }
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

  private func accept(_ channel: any Channel, _ tls: ServerTLS?) {
    guard let bound = self.loops[ObjectIdentifier(channel.eventLoop)] else {
      preconditionFailure("a connection on a loop that is not the server's")
    }
    let origin = Origin(channel.remoteAddress)
    if let limit = self.counts.open(from: origin) {
      let resources = bound.value.resources
      resources.limitHits.count(limit)
      bound.value.refused += 1
      let peer = channel.remoteAddress?.description ?? "unknown"
      self.load.log(limit, peer: peer, now: resources.now, to: self.logger)
      channel.close(promise: nil)
      return
    }
    let arrival = Arrival(channel: channel, origin: origin, loop: bound.value)
    if let tls {
      self.secure(arrival, tls)
    } else {
      self.serve(arrival, ConnectionPeer(address: channel.remoteAddress))
    }
  }

  /// A connection that was accepted and counted.
  private struct Arrival {
    let channel: any Channel
    /// Nil where the transport has no addresses.
    let origin: Origin?
    let loop: ServerLoop
  }

  /// The connection begins after the handshake; until then there is only a channel.
  private func secure(_ arrival: Arrival, _ tls: ServerTLS) {
    let channel = arrival.channel
    let handshake = TLSHandshake(.server(timeout: self.configuration.handshakeTimeout)) { result in
      arrival.loop.handshakeEnded(channel)
      switch result {
      case .success(let names):
        self.succeededHandshakes.add(1, ordering: .relaxed)
        let peer = ConnectionPeer(
          address: channel.remoteAddress, certificateNames: names, isEncrypted: true)
        self.serve(arrival, peer)
      case .failure(let failure):
        self.handshakeFailed(arrival, failure)
      }
    }
    do {
      try channel.pipeline.syncOperations.addHandlers(tls.makeHandler(), handshake)
      arrival.loop.handshakeBegan(channel)
    } catch {
      // The channel is closed already; its handlers never came to be.
      self.counts.close(from: arrival.origin)
    }
  }

  private func handshakeFailed(_ arrival: Arrival, _ failure: TLSHandshake.Failure) {
    // Not before its socket is gone: the client has seconds to take our goodbye.
    let origin = arrival.origin
    arrival.channel.closeFuture.whenComplete { _ in self.counts.close(from: origin) }
    self.failedHandshakes.add(1, ordering: .relaxed)
    if failure == .timedOut { arrival.loop.resources.limitHits.count(.handshakeTimeout) }
    self.logger.debug(
      "TLS handshake failed",
      metadata: [
        "peer": "\(arrival.channel.remoteAddress?.description ?? "unknown")",
        "reason": "\(failure)",
      ])
  }

  private func serve(_ arrival: Arrival, _ peer: ConnectionPeer) {
    let connection = ServerConnection(
      router: self.router, limits: self.configuration.connection,
      resources: arrival.loop.resources, logger: self.logger, peer: peer,
      compression: self.configuration.compression
    ) { connection in
      arrival.loop.remove(connection)
      self.counts.close(from: arrival.origin)
    }
    do {
      try arrival.channel.pipeline.syncOperations.addHandler(connection)
      arrival.loop.add(connection, arrival.channel)
    } catch {
      // The channel is closed already; its handler never came to be.
      self.counts.close(from: arrival.origin)
    }
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
