internal import HTTP2
public import NIOCore
internal import NIOPosix

extension ClientConnection {
  /// Connects to `host`:`port` over HTTP/2 with prior knowledge (h2c), and waits for the server's
  /// SETTINGS, so that what answers is known to speak HTTP/2.
  ///
  /// - Parameter eventLoop: the connection lives on it, and is used on it only.
  /// - Returns: fails with a `Status` UNAVAILABLE that names the server and the reason.
  public static func connect(
    host: String, port: Int, on eventLoop: any EventLoop, configuration: ClientConfiguration
  ) -> EventLoopFuture<NIOLoopBound<ClientConnection>> {
    let peer = Self.authority(host: host, port: port)
    let deadline = NIODeadline.now() + configuration.connectTimeout
    let limits = configuration.connection
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(configuration.connectTimeout)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 8192, maximum: 64 << 10)
      )
      .channelOption(
        .writeBufferWaterMark,
        value: .init(low: limits.outputBufferMaxBytes / 2, high: limits.outputBufferMaxBytes)
      )
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            ClientConnection(channel: channel, peer: peer, configuration: configuration))
        }
      }
    return Self.open(bootstrap, host: host, port: port)
      .flatMap { channel in Self.ready(channel, by: deadline, configuration.connectTimeout) }
      .flatMapErrorThrowing { throw ConnectFailure.status($0, peer: peer) }
  }

  /// `host:port` as `:authority` has it: an IPv6 address in brackets.
  static func authority(host: String, port: Int) -> String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  private static func open(
    _ bootstrap: ClientBootstrap, host: String, port: Int
  ) -> EventLoopFuture<any Channel> {
    // An address needs no resolver; that it is none is not an error.
    if let address = try? SocketAddress(ipAddress: host, port: port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.connect(host: host, port: port)
  }

  private static func ready(
    _ channel: any Channel, by deadline: NIODeadline, _ timeout: TimeAmount
  ) -> EventLoopFuture<NIOLoopBound<ClientConnection>> {
    let connection: ClientConnection
    do {
      connection = try channel.pipeline.syncOperations.handler(type: ClientConnection.self)
    } catch {
      return channel.eventLoop.makeFailedFuture(error)
    }
    let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
    let timer = channel.eventLoop.scheduleTask(deadline: deadline) {
      bound.value.close(
        because: "no HTTP/2 SETTINGS within \(Double(timeout.nanoseconds) / 1e9) s")
    }
    return connection.whenReady.always { _ in timer.cancel() }.map { bound }
  }
}
