internal import HTTP2

// What requests and answers hold, and what is said where that is too much.
extension ServerConnection {
  /// Counts what `stream` holds; nil where its connection and its server have room for it.
  func buffer(_ stream: HTTP2.Stream) -> Status? {
    let call = self.calls.of(stream)
    let held = stream.inboundCount + (call.pointee.pipe?.inboxBytes ?? 0)
    let grown = held - call.pointee.bufferedBytes
    self.bufferedBytes += grown
    call.pointee.bufferedBytes += grown
    guard self.bufferedBytes <= self.limits.requestBufferMaxBytes else {
      return self.requestsExhausted()
    }
    // The server's count does not have yet what came in this turn.
    let load = self.resources.load
    guard grown > 0, load.bufferedBytes + self.unsettledBytes > load.buffersMaxBytes else {
      return nil
    }
    let own = self.bufferedBytes + self.session.queuedBytes
    if load.hasReserve(for: own, adding: self.unsettledBytes) { return nil }
    return self.serverExhausted()
  }

  /// What a call is refused with whose message has no room on this connection.
  func requestsExhausted() -> Status {
    self.hit(.requestBufferMax)
    return Self.exhausted(
      "requests on this connection that wait or are incomplete hold", .requestBufferMax,
      self.limits.requestBufferMaxBytes, "REQUEST_BUFFER_EXHAUSTED")
  }

  /// Whether a call that could be served may be: its answer has to go somewhere.
  var hasRoomForAnswers: Bool {
    self.session.queuedBytes <= self.limits.answerBufferMaxBytes
      && (self.hasServerRoom || self.hasReserve)
  }

  private var hasReserve: Bool {
    self.resources.load.hasReserve(for: self.bufferedBytes + self.session.queuedBytes)
  }

  /// What such a call is refused with where there is no room.
  func answersExhausted() -> Status {
    guard self.session.queuedBytes > self.limits.answerBufferMaxBytes else {
      return self.serverExhausted()
    }
    self.hit(.answerBufferMax)
    return Self.exhausted(
      "answers that were not read hold", .answerBufferMax, self.limits.answerBufferMaxBytes,
      "ANSWER_BUFFER_EXHAUSTED", where: " on this connection")
  }

  /// Whether a large value may wait here until the client takes it.
  ///
  /// Where clients together leave more than `buffersMaxBytes` unread, no connection gets a second one
  /// before it has read the first; who has read all can always read on. So those who do not read
  /// cannot keep the store's memory, and keep nobody else from reading.
  func hasRoom(forValue bytes: Int) -> Bool {
    let own = self.session.splicedBytes
    guard own > 0 else { return true }
    let load = self.resources.load
    // The server's counts do not have yet what came in this turn.
    let unsettled = self.unsettledBytes + own - self.held.settledPinned
    return load.bufferedBytes + load.pinnedBytes + unsettled + bytes <= load.buffersMaxBytes
  }

  func unbuffer(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    self.bufferedBytes -= call.pointee.bufferedBytes
    call.pointee.bufferedBytes = 0
  }

  /// What a call is refused with that the connections together have no room for.
  func serverExhausted() -> Status {
    let most = self.resources.load.buffersMaxBytes
    self.hit(.buffersMax)
    return Self.exhausted(
      "requests and answers of all connections together hold", .buffersMax, most,
      "BUFFERS_EXHAUSTED")
  }

  private static func exhausted(
    _ what: String, _ limit: PeerLimit, _ bytes: Int, _ reason: String, where place: String = ""
  ) -> Status {
    Status(
      .resourceExhausted, "\(what) more than \(bytes) bytes\(place)",
      info: .init(
        reason: reason, metadata: ["limit": limit.rawValue, "limit_bytes": "\(bytes)"]))
  }
}
