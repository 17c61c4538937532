internal import NIOCore

/// What one connection has done. In raw memory, so that a call's share of it is a few plain stores.
struct SocketCounts {
  var bytesReceived = 0
  var bytesSent = 0
  var streamsStarted = 0
  /// Over, one way or the other.
  var streamsEnded = 0
  /// Of these, cut off: reset by either end, or lost with the connection.
  var streamsFailed = 0
  /// Of a client: calls whose status was OK.
  var callsOK = 0
  var messagesReceived = 0
  var messagesSent = 0
  /// Of the turns in which it last happened; zero: never.
  var lastStreamAt = NIODeadline.uptimeNanoseconds(0)
  var lastReceivedAt = NIODeadline.uptimeNanoseconds(0)
  var lastSentAt = NIODeadline.uptimeNanoseconds(0)

  @inline(__always)
  mutating func began(at now: NIODeadline) {
    self.streamsStarted += 1
    self.lastStreamAt = now
  }

  @inline(__always)
  mutating func received(at now: NIODeadline) {
    self.messagesReceived += 1
    self.lastReceivedAt = now
  }

  @inline(__always)
  mutating func sent(at now: NIODeadline) {
    self.messagesSent += 1
    self.lastSentAt = now
  }
}
