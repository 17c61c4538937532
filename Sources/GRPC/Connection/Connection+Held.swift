internal import HTTP2
internal import NIOCore

// What a connection holds, as the server's count has it, and whether it moves.
extension Connection {
  /// Where the output stands: changes with each byte that the socket takes; nil where none waits for
  /// it.
  var outputMark: Int? {
    guard let context = self.context else { return nil }
    guard self.pendingBatches > 0 || (!self.isWritable && self.session.wantsWrite) else {
      return nil
    }
    do {
      let buffered = try context.channel.syncOptions?.getOption(.bufferedWritableBytes) ?? 0
      return self.leftBytes - buffered
    } catch {
      // The channel is closed, and there is nothing left to wait for.
      return nil
    }
  }

  /// Bytes of requests (on a client: of responses) that are not whole yet, or wait for whoever is to
  /// read them.
  var bufferedBytes: Int {
    get { self.held.requests }
    set { self.held.requests = newValue }
  }

  /// Bytes that the connection holds, and the server's count does not have yet.
  var unsettledBytes: Int {
    self.held.requests + self.held.pending + self.session.queuedBytes - self.session.splicedBytes
      - self.held.settled
  }

  /// Tells the server's count what the connection holds at the end of a turn: mostly nothing, as
  /// before.
  func settle() {
    // Read as a whole: each look at a property of a class is checked for exclusivity.
    let held = self.held
    let pinned = self.session.splicedBytes
    if pinned != held.settledPinned {
      self.resources.load.pin(pinned - held.settledPinned)
      self.held.settledPinned = pinned
    }
    let change = held.requests + held.pending + self.session.queuedBytes - pinned - held.settled
    guard change != 0 else { return }
    self.resources.load.buffer(change)
    self.held.settled += change
  }

  /// The connection has ended, and holds nothing.
  func settleForGood() {
    self.resources.load.buffer(-self.held.settled)
    self.resources.load.pin(-self.held.settledPinned)
    self.held = HeldBytes()
  }
}

/// Bytes that a connection holds beside the answers in its session.
struct HeldBytes {
  /// Of messages that are not whole yet.
  var requests = 0
  /// Left to the channel, and not written yet.
  var pending = 0
  /// What the server's count has of the connection, its answers included.
  var settled = 0
  /// What the server's count of large values has of it.
  var settledPinned = 0
}
