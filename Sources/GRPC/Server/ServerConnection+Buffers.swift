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
      self.hit(.requestBufferMax)
      return Self.exhausted(
        "incomplete requests on this connection hold", .requestBufferMax,
        self.limits.requestBufferMaxBytes, "REQUEST_BUFFER_EXHAUSTED")
    }
    return grown > 0 ? self.checkServer(growing: self.unsettledBytes) : nil
  }

  /// What a call that could be served is refused with; nil where there is room for its answer.
  func checkAnswers() -> Status? {
    guard self.session.queuedBytes <= self.limits.answerBufferMaxBytes else {
      self.hit(.answerBufferMax)
      return Self.exhausted(
        "answers that were not read hold", .answerBufferMax, self.limits.answerBufferMaxBytes,
        "ANSWER_BUFFER_EXHAUSTED", where: " on this connection")
    }
    return self.checkServer(growing: 0)
  }

  func unbuffer(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    self.bufferedBytes -= call.pointee.bufferedBytes
    call.pointee.bufferedBytes = 0
  }

  /// - Parameter bytes: of this connection, which the server's count does not have yet.
  private func checkServer(growing bytes: Int) -> Status? {
    let load = self.resources.load
    guard load.bufferedBytes + bytes > load.buffersMaxBytes else { return nil }
    self.hit(.buffersMax)
    return Self.exhausted(
      "requests and answers of all connections together hold", .buffersMax, load.buffersMaxBytes,
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
