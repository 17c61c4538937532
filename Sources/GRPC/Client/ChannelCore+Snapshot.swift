internal import HTTP2
internal import NIOCore

// What channelz shows of a channel. On its event loop.
extension ChannelCore {
  func snapshot(id: Int64) -> ChannelSnapshot {
    var counts = self.closedCounts
    for connection in self.connections.values { counts.add(connection.counts.pointee) }
    var snapshot = ChannelSnapshot(id: id, target: self.peer, state: self.state.shown)
    snapshot.callsStarted = counts.callsStarted + counts.callsUnsent
    snapshot.callsSucceeded = counts.callsOK
    snapshot.callsFailed = counts.callsEnded - counts.callsOK + counts.callsUnsent
    if counts.callsStarted > 0 { snapshot.lastCallStartedAt = counts.lastStreamAt }
    snapshot.sockets = self.connections.values.map { $0.snapshot() }.sorted { $0.id < $1.id }
    return snapshot
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
