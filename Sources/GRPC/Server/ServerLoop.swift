internal import HTTP2
internal import NIOCore

/// The server's connections on one event loop. Used on that loop only.
final class ServerLoop {
  let resources: LoopResources
  private(set) var connections: [ObjectIdentifier: (ServerConnection, any Channel)] = [:]
  /// Channels whose TLS handshake is under way: nobody has called on them yet.
  private var handshakes: [ObjectIdentifier: any Channel] = [:]
  /// What the connections have done that are closed.
  private(set) var closedConnections = ConnectionMetrics()
  private(set) var accepted = 0
  /// Closed at once for want of room.
  var refused = 0
  private var isDraining = false
  private let sweepInterval: TimeAmount
  private var isSweeping = false
  /// Connections that the sweep under way has not looked at yet.
  private var unswept: [ObjectIdentifier] = []
  /// Calls and connections that are looked at in one turn, some 50 microseconds' worth.
  private static let sweepStep = 400
  private static let sweepPause = TimeAmount.milliseconds(1)

  /// - Parameter index: of the loop in its group.
  init(index: Int, load: ServerLoad, sweepInterval: TimeAmount) {
    self.resources = LoopResources(allocator: ByteBufferAllocator(), load: load, loop: index)
    self.sweepInterval = sweepInterval
  }

  func handshakeBegan(_ channel: any Channel) {
    self.handshakes[ObjectIdentifier(channel)] = channel
    if self.isDraining { channel.close(promise: nil) }
  }

  func handshakeEnded(_ channel: any Channel) {
    self.handshakes[ObjectIdentifier(channel)] = nil
  }

  func add(_ connection: ServerConnection, _ channel: any Channel) {
    self.accepted += 1
    self.connections[ObjectIdentifier(connection)] = (connection, channel)
    if self.isDraining { connection.startDrain(.shutdown) }
    self.startSweeping(on: channel.eventLoop)
  }

  func remove(_ connection: ServerConnection) {
    self.closedConnections.add(connection)
    self.connections[ObjectIdentifier(connection)] = nil
  }

  /// Succeeds once every connection is closed, with how many did not close in time.
  func drain(timeout: TimeAmount, on eventLoop: any EventLoop) -> EventLoopFuture<Int> {
    self.isDraining = true
    for channel in Array(self.handshakes.values) { channel.close(promise: nil) }
    let open = Array(self.connections.values)
    for (connection, _) in open { connection.startDrain(.shutdown) }
    let abandoned = NIOLoopBoundBox(0, eventLoop: eventLoop)
    let timer = eventLoop.assumeIsolated().scheduleTask(in: timeout) {
      abandoned.value = self.connections.count
      for (connection, _) in Array(self.connections.values) { connection.abandonChannel() }
    }
    return EventLoopFuture.andAllComplete(open.map { $0.1.closeFuture }, on: eventLoop)
      .assumeIsolated()
      .map {
        timer.cancel()
        return abandoned.value
      }
      .nonisolated()
  }

  /// One timer for all that connections and calls can be late with: they arm none of their own. It
  /// runs from the first connection until it finds none.
  private func startSweeping(on eventLoop: any EventLoop) {
    guard !self.isSweeping else { return }
    self.isSweeping = true
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleRepeatedTask(
      initialDelay: self.sweepInterval, delay: self.sweepInterval
    ) { task in
      bound.value.sweep(task, eventLoop)
    }
  }

  private func sweep(_ task: RepeatedTask, _ eventLoop: any EventLoop) {
    guard !self.connections.isEmpty else {
      self.isSweeping = false
      return task.cancel()
    }
    // The last sweep may not be through.
    guard self.unswept.isEmpty else { return }
    self.unswept = Array(self.connections.keys)
    self.sweepOn(eventLoop)
  }

  /// Looks at some of those that are left, and at the others after those who are ready had their turn.
  private func sweepOn(_ eventLoop: any EventLoop) {
    var looked = 0
    while looked < Self.sweepStep, let next = self.unswept.popLast() {
      guard let (connection, _) = self.connections[next] else { continue }
      looked += 1 + connection.session.liveStreams
      connection.sweep()
    }
    guard !self.unswept.isEmpty else { return }
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    eventLoop.scheduleTask(in: Self.sweepPause) { bound.value.sweepOn(eventLoop) }
  }
}
