internal import HTTP2
public import NIOCore
internal import NIOPosix

extension ClientConnection {
  /// Connects to `host`:`port` over HTTP/2, within TLS or with prior knowledge (h2c), and waits for
  /// the server's SETTINGS, so that what answers is known to speak HTTP/2.
  ///
  /// - Parameter eventLoop: the connection lives on it, and is used on it only.
  /// - Returns: fails with a `Status` UNAVAILABLE that names the server and the reason.
  public static func connect(
    host: String, port: Int, on eventLoop: any EventLoop, configuration: ClientConfiguration
  ) -> EventLoopFuture<NIOLoopBound<ClientConnection>> {
    self.attempt(host: host, port: port, on: eventLoop, configuration: configuration)
      .flatMapErrorThrowing { throw ($0 as? ConnectionFailure)?.status ?? $0 }
  }

  /// As `connect`, for who wants to know more about a failure.
  ///
  /// - Returns: fails with a `ConnectionFailure`.
  public static func attempt(
    host: String, port: Int, on eventLoop: any EventLoop, configuration: ClientConfiguration
  ) -> EventLoopFuture<NIOLoopBound<ClientConnection>> {
    let peer = Self.authority(host: host, port: port)
    let deadline = NIODeadline.now() + configuration.connectTimeout
    let limits = configuration.connection
    // A name with several addresses may take several attempts, each with a channel of its own.
    let attempts = NIOLoopBoundBox<[ClientConnection]>.makeBoxSendingValue(
      [], eventLoop: eventLoop)
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
          let connection = ClientConnection(
            channel: channel, peer: peer, configuration: configuration)
          attempts.value.append(connection)
          try connection.install(host: host)
        }
      }
    return Self.open(bootstrap, host: host, port: port)
      .flatMap { channel in
        guard let connection = attempts.value.first(where: { $0.isOn(channel) }) else {
          preconditionFailure("a channel that was made without its connection")
        }
        attempts.value = []
        return Self.ready(connection, eventLoop, by: deadline, configuration.connectTimeout)
      }
      .flatMapErrorThrowing {
        throw ConnectionFailure(
          ConnectFailure.status($0, peer: peer), wasRefused: ConnectFailure.isRefusal($0))
      }
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
    _ connection: ClientConnection, _ eventLoop: any EventLoop, by deadline: NIODeadline,
    _ timeout: TimeAmount
  ) -> EventLoopFuture<NIOLoopBound<ClientConnection>> {
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    let what = connection.configuration.tls == nil ? "" : "TLS handshake and "
    let timer = eventLoop.scheduleTask(deadline: deadline) {
      bound.value.close(
        because: "no \(what)HTTP/2 SETTINGS within \(Double(timeout.nanoseconds) / 1e9) s")
    }
    return connection.whenReady.always { _ in timer.cancel() }.map { bound }
  }
}
