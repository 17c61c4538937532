internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Serves the admin pages over HTTP/1.1, on a thread of its own: they answer while the loops that
/// serve calls are busy, and take nothing from them.
///
/// Without TLS and without authentication, so on the loopback interface only.
final class AdminServer: Sendable {
  private let group: MultiThreadedEventLoopGroup
  private let listener: any Channel
  private let state: NIOLoopBoundBox<AdminState>

  /// Where the pages are.
  let address: HostPort

  /// Listens on `address`.
  ///
  /// - Throws: `NodeError` when it cannot.
  static func start(
    _ address: HostPort, limits: NodeLimits, pages: AdminPages
  ) async throws -> AdminServer {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    // Nobody uses the state before the loop does.
    let state = NIOLoopBoundBox.makeBoxSendingValue(
      AdminState(
        pages: pages, timeout: .milliseconds(limits.adminTimeoutMilliseconds),
        connectionsMax: limits.adminConnectionsMax, requestMaxBytes: limits.adminRequestMaxBytes),
      eventLoop: group.any())
    do {
      let listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        // Some clients say that they have asked all they want to, and wait for the answer.
        .childChannelOption(.allowRemoteHalfClosure, value: true)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try Self.accept(channel, state.value) }
        }
        .bind(host: address.host, port: address.port).get()
      return AdminServer(address, group, listener, state)
    } catch {
      try await group.shutdownGracefully()
      throw NodeError.cannotServeAdmin(address, error)
    }
  }

  private init(
    _ address: HostPort, _ group: MultiThreadedEventLoopGroup, _ listener: any Channel,
    _ state: NIOLoopBoundBox<AdminState>
  ) {
    let port = listener.localAddress?.port ?? address.port
    self.address = HostPort(host: address.host, port: port)
    self.group = group
    self.listener = listener
    self.state = state
  }

  /// Closes the listener, lets the pages under way be made, and closes every connection. Before the
  /// loops that serve calls are shut down: pages may wait for them.
  func shutdown() async throws {
    try await self.listener.close()
    let state = self.state
    await withCheckedContinuation { continuation in
      state.eventLoop.execute { state.value.stop { continuation.resume() } }
    }
    try await self.group.shutdownGracefully()
  }

  private static func accept(_ channel: any Channel, _ state: AdminState) throws {
    guard state.connections < state.connectionsMax else {
      state.hits.connectionsMax += 1
      return channel.close(promise: nil)
    }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(AdminRequestLimit(bytes: state.requestMaxBytes))
    try pipeline.addHandler(HTTPResponseEncoder())
    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
    try pipeline.addHandler(AdminConnection(state))
  }
}
