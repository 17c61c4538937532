internal import NIOCore
internal import Synchronization

// What a server tells of itself. Each loop is asked on the loop, so that nothing on the path of a
// call is shared; so the group of loops must be running still.
extension Server {
  /// What the server has done so far.
  public func metrics() async -> ServerMetrics {
    let paths = self.router.paths
    var metrics = await self.onEachLoop { $0.metrics(paths: paths) }
      .reduce(into: ServerMetrics(paths: paths), +=)
    metrics.handshakes = self.handshakes
    metrics.handshakeFailures = self.handshakeFailures
    return metrics
  }

  /// The open connections whose ids are `start` or above, lowest first, at most `max`.
  public func sockets(from start: Int64, max: Int) async -> [SocketSnapshot] {
    let parts = await self.onEachLoop { $0.sockets(from: start, max: max) }
    return Array(parts.joined().sorted { $0.id < $1.id }.prefix(max))
  }

  /// The open connection or listener `id`; nil: there is none, or no longer.
  public func socket(_ id: Int64) async -> SocketSnapshot? {
    if let listener = self.listeningSockets.first(where: { $0.id == id }) { return listener }
    return await self.onEachLoop { $0.socket(id) }.lazy.compactMap { $0 }.first
  }

  /// The sockets that the server listens on.
  public var listeningSockets: [SocketSnapshot] {
    self.listeners.withLock { listeners in
      listeners.map { listener in
        var socket = SocketSnapshot(id: listener.id)
        socket.local = listener.channel.localAddress
        return socket
      }
    }
  }

  private func onEachLoop<Value: Sendable>(
    _ body: @escaping @Sendable (ServerLoop) -> Value
  ) async -> [Value] {
    await withTaskGroup(of: Value.self) { group in
      for loop in self.loops.values {
        group.addTask {
          await withCheckedContinuation { continuation in
            loop.eventLoop.execute { continuation.resume(returning: body(loop.value)) }
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }
}
