public import NIOCore

/// Connections of one event loop with something to send that other connections' turns have queued:
/// one write each for all of it, once the loop has gone through the sockets that were ready. Used on
/// that loop only.
public final class LoopFlushes {
  private let eventLoop: any EventLoop
  private var due: [Connection] = []
  private var flushing: [Connection] = []
  private var isScheduled = false
  /// Called before the connections are flushed, to add what has waited for the end of the turn.
  public var beforeFlush: () -> Void = {}

  public init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  /// Has `connection` flushed soon.
  public func add(_ connection: Connection) {
    guard !connection.isFlushDue else { return }
    connection.isFlushDue = true
    self.due.append(connection)
    self.schedule()
  }

  /// Has `beforeFlush` called soon, and what is added there flushed.
  public func schedule() {
    guard !self.isScheduled else { return }
    self.isScheduled = true
    self.eventLoop.assumeIsolated().execute { self.flush() }
  }

  private func flush() {
    // What is added here still goes out in this round.
    self.beforeFlush()
    self.isScheduled = false
    // What is added meanwhile has its turn in the next round. Two arrays, so that neither is copied.
    swap(&self.due, &self.flushing)
    for connection in self.flushing {
      connection.isFlushDue = false
      connection.flush()
    }
    self.flushing.removeAll(keepingCapacity: true)
  }
}
