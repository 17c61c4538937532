import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy in front of one server that a test can cut: what is sent then arrives nowhere, and nobody is
/// told so, as behind a firewall that drops packets.
final class PartitionProxy: Sendable {
  private struct State {
    var isCut = false
    var channels: [any Channel] = []
  }

  let port: Int
  private let listener: any Channel
  private let state: SharedState

  /// What the listener's closures share with the proxy.
  private final class SharedState: Sendable {
    let value = Mutex(State())
  }

  /// - Parameter target: a port of 127.0.0.1.
  init(to target: UInt16) async throws {
    let state = SharedState()
    self.state = state
    self.listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { client in
        let isCut = state.value.withLock { state in
          state.channels.append(client)
          return state.isCut
        }
        guard !isCut else { return client.eventLoop.makeSucceededVoidFuture() }
        return ClientBootstrap(group: client.eventLoop)
          .channelOption(.autoRead, value: false)
          .connect(host: "127.0.0.1", port: Int(target))
          .flatMapThrowing { server in
            state.value.withLock { $0.channels.append(server) }
            try client.pipeline.syncOperations.addHandler(Passing(to: server))
            try server.pipeline.syncOperations.addHandler(Passing(to: client))
          }
          .map { state.value.withLock { Self.let(through: !$0.isCut, $0) } }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    self.port = self.listener.localAddress?.port ?? 0
  }

  deinit {
    self.listener.close(promise: nil)
    self.closeAll()
  }

  /// Nothing passes any more, and nobody who connects gets anywhere.
  func cut() {
    self.state.value.withLock { state in
      state.isCut = true
      Self.let(through: false, state)
    }
  }

  /// What was connected is closed, and what connects from now on passes.
  func heal() {
    self.state.value.withLock { $0.isCut = false }
    self.closeAll()
  }

  private func closeAll() {
    let channels = self.state.value.withLock { state in
      defer { state.channels = [] }
      return state.channels
    }
    for channel in channels { channel.close(promise: nil) }
  }

  private static func `let`(through isOpen: Bool, _ state: borrowing State) {
    for channel in state.channels {
      channel.setOption(.autoRead, value: isOpen).whenFailure { _ in
        // It is closed already, which is as good.
        channel.close(promise: nil)
      }
    }
  }

  /// Writes what comes in to the other channel, which is on the same loop.
  private final class Passing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel

    init(to other: any Channel) { self.other = other }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      self.other.writeAndFlush(self.unwrapInboundIn(data), promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { self.other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      context.close(promise: nil)
    }
  }
}
