internal import HTTP2
internal import NIOCore

// What channelz shows of a channel. On its event loop.
extension ChannelCore {
  func snapshot(id: Int64) -> ChannelSnapshot {
    ChannelSnapshot(
      id: id, target: self.peer, state: self.state.shown, closed: self.closedCounts,
      open: Array(self.connections.values))
  }
}

/// What channelz shows of connections to one server that are no `ClientChannel`: their name, and what those
/// have done that are closed. Used on the connections' event loop.
public struct ChannelTally {
  /// Among channels, servers and sockets.
  public let id = ChannelzID.next()
  private var closed = ChannelCounts()

  public init() {}

  /// A connection has ended, or is not counted with the others any more.
  public mutating func ended(_ connection: ClientConnection) {
    self.closed.add(connection.counts.pointee)
  }

  /// - Parameters:
  ///   - target: the server, as `host:port`.
  ///   - open: the connections that are there.
  public func snapshot(
    target: String, state: ChannelSnapshot.State, open: [ClientConnection]
  ) -> ChannelSnapshot {
    ChannelSnapshot(id: self.id, target: target, state: state, closed: self.closed, open: open)
  }
}

extension ChannelSnapshot {
  fileprivate init(
    id: Int64, target: String, state: State, closed: ChannelCounts, open: [ClientConnection]
  ) {
    self.init(id: id, target: target, state: state)
    var counts = closed
    for connection in open { counts.add(connection.counts.pointee) }
    self.callsStarted = counts.callsStarted + counts.callsUnsent
    self.callsSucceeded = counts.callsOK
    self.callsFailed = counts.callsEnded - counts.callsOK + counts.callsUnsent
    if counts.callsStarted > 0 { self.lastCallStartedAt = counts.lastStreamAt }
    self.sockets = open.map { $0.snapshot() }.sorted { $0.id < $1.id }
  }
}

extension ClientConnection {
  fileprivate func snapshot() -> SocketSnapshot {
    var socket = SocketSnapshot(id: self.id)
    socket.local = self.context?.localAddress
    socket.remote = self.context?.remoteAddress
    socket.traffic = SocketSnapshot.Traffic(self)
    return socket
  }
}
