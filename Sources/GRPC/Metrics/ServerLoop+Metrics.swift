internal import HTTP2
internal import NIOCore

// What one event loop knows of its connections, asked for by `Server`. On that loop.
extension ServerLoop {
  /// What was counted here so far.
  func metrics(paths: [String]) -> ServerMetrics {
    var metrics = ServerMetrics(paths: paths)
    metrics.connections = self.closedConnections
    metrics.connections.accepted = self.accepted
    metrics.connections.refused = self.refused
    for (connection, _) in self.connections.values {
      metrics.connections.add(connection)
      metrics.connections.open += 1
      metrics.connections.streamsOpen += connection.session.liveStreams
    }
    for (limit, count) in zip(PeerLimit.allCases, self.resources.limitHits.all) {
      metrics.limitHits[limit] = count
    }
    // Nil before the first connection.
    guard let counter = self.resources.callCounts?.counter else { return metrics }
    for index in metrics.methods.indices {
      // The unknown ones are -1 here and stand last there.
      let method = index < paths.count ? index : -1
      metrics.methods[index].take(counter, method)
    }
    return metrics
  }

  /// The connections whose ids are `start` or above, lowest first, at most `max`.
  func sockets(from start: Int64, max: Int) -> [SocketSnapshot] {
    let chosen = self.connections.values.filter { $0.0.id >= start }
      .sorted { $0.0.id < $1.0.id }.prefix(max)
    return chosen.map { Self.snapshot($0.0, $0.1) }
  }

  func socket(_ id: Int64) -> SocketSnapshot? {
    self.connections.values.first { $0.0.id == id }.map { Self.snapshot($0.0, $0.1) }
  }

  private static func snapshot(
    _ connection: ServerConnection, _ channel: any Channel
  ) -> SocketSnapshot {
    var socket = SocketSnapshot(id: connection.id)
    socket.local = channel.localAddress
    socket.remote = connection.peer.address
    socket.traffic = SocketSnapshot.Traffic(connection)
    return socket
  }
}

extension ConnectionMetrics {
  /// Adds what `connection` has done.
  mutating func add(_ connection: Connection) {
    self.bytesReceived += connection.counts.pointee.bytesReceived
    self.bytesSent += connection.counts.pointee.bytesSent
    let last = connection.counts.pointee.lastStreamAt
    if last > (self.lastStreamAt ?? .uptimeNanoseconds(0)) { self.lastStreamAt = last }
    self.frames += FrameMetrics(connection.session.frameCounts)
  }
}

extension MethodMetrics {
  fileprivate mutating func take(_ counter: CallCounter, _ method: Int) {
    let counts = counter.method(method)
    self.started = counts.started
    self.messagesReceived = counts.messagesReceived
    self.bytesReceived = counts.bytesReceived
    self.messagesSent = counts.messagesSent
    self.bytesSent = counts.bytesSent
    for code in StatusCode.allCases {
      let durations = counter.durations(method, code)
      if durations.count > 0 { self.ended[code] = durations }
    }
  }
}
