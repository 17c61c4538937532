internal import HTTP2

// How calls end: with an answer, a reset, a farewell, a deadline, or the connection's loss.
extension ClientConnection {
  // MARK: - Unary calls

  /// Something happened to the stream of a unary call.
  func receive(_ stream: HTTP2.Stream) {
    if stream.isEndReceived { return self.complete(stream) }
    if let code = stream.closeCode { return self.cutOff(stream, code) }
    guard stream.isHeadReceived else { return }
    if self.calls.of(stream).pointee.phase == .waiting {
      if let status = self.readHead(stream) { return self.end(stream, status) }
      self.calls.of(stream).pointee.phase = .receiving
    }
    do {
      _ = try MessagePrefix.unary(
        stream.inboundBytes, isEnd: false, messageMaxBytes: self.limits.messageMaxBytes,
        encoding: self.calls.of(stream).pointee.encoding)
    } catch {
      return self.end(stream, self.answerStatus(error))
    }
    guard self.buffer(stream) else { return self.end(stream, self.bufferExhausted) }
    self.session.credit(stream)
  }

  /// Reads the head of a unary answer.
  ///
  /// - Returns: what is wrong with it.
  private func readHead(_ stream: HTTP2.Stream) -> Status? {
    // Where many answers come at a time, their heads come first.
    guard !self.state.pointee.lastHead.holds(stream.headBytes) else {
      self.calls.of(stream).pointee.encoding = self.state.pointee.lastEncoding
      return nil
    }
    if let fault = self.headFault(stream) { return fault }
    self.calls.of(stream).pointee.encoding = ResponseOutcome.encoding(inHead: stream.headFields)
    return nil
  }

  private func complete(_ stream: HTTP2.Stream) {
    var status = Status.ok
    var encoding = self.state.pointee.lastEncoding
    if !self.isPlainlyOK(stream) {
      status = self.status(of: stream)
      if status.code == .ok, let fault = self.headFault(stream) { status = fault }
      encoding = ResponseOutcome.encoding(inHead: stream.headFields)
    }
    if status.code == .ok {
      do {
        let message = try MessagePrefix.unary(
          stream.inboundBytes, isEnd: true, messageMaxBytes: self.limits.messageMaxBytes,
          encoding: encoding)
        if let message, message.isCompressed { try self.inflate(stream, encoding) }
        self.remember(stream, encoding)
      } catch {
        status = self.answerStatus(error)
      }
    }
    self.end(stream, status)
  }

  private func isPlainlyOK(_ stream: HTTP2.Stream) -> Bool {
    self.state.pointee.lastHead.holds(stream.headBytes)
      && self.state.pointee.lastTrailers.holds(stream.trailerBytes)
  }

  /// Keeps the blocks of an OK answer that had both.
  private func remember(_ stream: HTTP2.Stream, _ encoding: MessageEncoding) {
    guard !stream.trailerBytes.isEmpty, !self.isPlainlyOK(stream) else { return }
    self.state.pointee.lastHead.remember(stream.headBytes)
    self.state.pointee.lastEncoding = encoding
    self.state.pointee.lastTrailers.remember(stream.trailerBytes)
  }

  // MARK: - Streaming calls

  /// Something happened to the stream of a streaming call.
  func deliver(_ stream: HTTP2.Stream) {
    guard let pipe = self.calls.of(stream).pointee.pipe else { return }
    if stream.isEndReceived { return self.complete(stream, pipe) }
    if let code = stream.closeCode { return self.cutOff(stream, code) }
    if stream.isHeadReceived && !self.calls.of(stream).pointee.isHeadJudged {
      if let fault = self.headFault(stream) { return self.end(stream, fault) }
      self.calls.of(stream).pointee.isHeadJudged = true
      pipe.inboundEncoding = ResponseOutcome.encoding(inHead: stream.headFields)
    }
    pipe.drainedIfWaiting()
    do {
      try pipe.deliver()
    } catch {
      return self.end(stream, self.answerStatus(error))
    }
    if !self.buffer(stream) { self.end(stream, self.bufferExhausted) }
  }

  private func complete(_ stream: HTTP2.Stream, _ pipe: MessagePipe) {
    var status = self.status(of: stream)
    if status.code == .ok, let fault = self.headFault(stream) { status = fault }
    do {
      // A body that is not gRPC is not taken apart.
      if self.headFault(stream) == nil {
        pipe.inboundEncoding = ResponseOutcome.encoding(inHead: stream.headFields)
        try pipe.deliverRest()
      }
    } catch {
      if status.code == .ok { status = self.answerStatus(error) }
    }
    self.end(stream, status)
  }

  /// The reader of a streaming call wants no more.
  func readerLeft(_ pipe: MessagePipe) {
    guard let stream = pipe.stream else { return }
    self.end(stream, Status(.cancelled, "the caller cancelled the call"))
    self.flush()
  }

  // MARK: - Ends

  /// Ends a call: tells the caller, and the server where it has not ended the stream.
  func end(
    _ stream: HTTP2.Stream, _ status: Status, wasNotExecuted: Bool = false
  ) {
    let call = self.calls.of(stream)
    let (receiver, tag) = (call.pointee.receiver.take(), call.pointee.tag)
    let pipe = call.pointee.pipe.take()
    self.bufferedBytes -= call.pointee.bufferedBytes
    call.pointee = ClientCall()
    call.pointee.phase = .ended
    self.state.pointee.openCalls -= 1
    self.count(stream, status, isUnary: pipe == nil)
    stream.reportsClose = false
    stream.drainMark = nil
    if stream.closeCode == nil { self.session.reset(stream, .cancel) }
    self.session.credit(stream)
    pipe?.close(status)
    // Last: whoever is told may make calls, or close the connection.
    receiver?.received(
      UnaryResponse(stream: stream, status: status, wasNotExecuted: wasNotExecuted), tag: tag)
  }

  private func count(_ stream: HTTP2.Stream, _ status: Status, isUnary: Bool) {
    self.counts.pointee.streamsEnded += 1
    if !stream.isEndReceived { self.counts.pointee.streamsFailed += 1 }
    guard status.code == .ok else { return }
    self.counts.pointee.callsOK += 1
    // Those of a streaming call were counted as they came.
    if isUnary { self.counts.pointee.received(at: self.now) }
  }

  /// The stream closed before the response was whole.
  private func cutOff(_ stream: HTTP2.Stream, _ code: ErrorCode) {
    if self.context == nil && (code == .cancel || code == .refusedStream) {
      return self.end(stream, self.lost, wasNotExecuted: code == .refusedStream)
    }
    // Some servers say how the call ended, and reset the stream rather than end it.
    if stream.isHeadReceived, let status = ResponseOutcome.status(in: stream.headFields) {
      return self.end(stream, status)
    }
    self.end(
      stream, ResponseOutcome.status(reset: code, by: self.peer),
      wasNotExecuted: code == .refusedStream)
  }

  /// Ends the calls that the server's farewell leaves out and that libnghttp2 has not opened yet;
  /// it closes the others itself, with REFUSED_STREAM.
  func refuseAbove(_ goAway: Session.GoAway) {
    var refused: [HTTP2.Stream] = []
    self.session.forEachLiveStream { stream in
      if self.session.isQueued(stream) { refused.append(stream) }
    }
    let status = Status(
      .unavailable, "\(self.peer) takes no more calls (GOAWAY \(goAway.code): \(goAway.debugText))")
    for stream in refused where self.calls.of(stream).pointee.phase != .ended {
      self.end(stream, status, wasNotExecuted: true)
    }
  }

  // MARK: - Parts

  private func status(of stream: HTTP2.Stream) -> Status {
    guard !stream.isHeaderListTooLarge else { return self.headersTooLarge }
    let isHeadAlone = stream.trailerBytes.isEmpty
    return ResponseOutcome.status(
      head: stream.headFields, trailers: isHeadAlone ? stream.headFields : stream.trailerFields)
  }

  private func headFault(_ stream: HTTP2.Stream) -> Status? {
    guard !stream.isHeaderListTooLarge else { return self.headersTooLarge }
    return ResponseOutcome.fault(inHead: stream.headFields)
  }

  private var headersTooLarge: Status {
    Status(
      .resourceExhausted,
      "response headers are over \(self.limits.session.headerListMaxBytes) bytes or "
        + "\(self.limits.session.headersMax) fields")
  }

  /// Counts what `stream` holds; false where the connection's responses hold too much by it.
  private func buffer(_ stream: HTTP2.Stream) -> Bool {
    let grown = stream.inboundCount - self.calls.of(stream).pointee.bufferedBytes
    self.bufferedBytes += grown
    self.calls.of(stream).pointee.bufferedBytes += grown
    return self.bufferedBytes <= self.limits.requestBufferMaxBytes
  }

  private var bufferExhausted: Status {
    Status(
      .resourceExhausted,
      "incomplete responses on this connection hold more than "
        + "\(self.limits.requestBufferMaxBytes) bytes")
  }

  /// What a call ends with whose answer is framed so.
  private func answerStatus(_ error: FramingError) -> Status {
    switch error {
    case .inflatedTooLarge(let max) where max < self.limits.messageMaxBytes: self.bufferExhausted
    case .noMessage: Status(.internal, "the server answered OK without a message")
    case .secondMessage:
      Status(.internal, "the server answered a unary call with more than one message")
    default: error.status
    }
  }
}
