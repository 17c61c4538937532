internal import HTTP2

// How a unary call is answered: at once, in pieces, with an error, or later.
extension ServerConnection {
  func reply(to stream: HTTP2.Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    precondition(self.calls.of(stream).pointee.phase == .serving, "a call is answered once")
    self.session.append(to: stream, size: MessagePrefix.byteCount + size) { output in
      MessagePrefix.write(length: size, into: &output)
      write(&output)
    }
    self.sendReply(stream, bytes: size)
  }

  func reply(
    to stream: HTTP2.Stream, headSize: Int, _ head: (inout OutputRawSpan) -> Void,
    value: UnsafeRawBufferPointer, owner: AnyObject,
    tailSize: Int, _ tail: (inout OutputRawSpan) -> Void
  ) {
    precondition(self.calls.of(stream).pointee.phase == .serving, "a call is answered once")
    self.session.append(to: stream, size: MessagePrefix.byteCount + headSize) { output in
      MessagePrefix.write(length: headSize + value.count + tailSize, into: &output)
      head(&output)
    }
    self.session.splice(value, owner: owner, into: stream)
    self.session.append(to: stream, size: tailSize, tail)
    self.sendReply(stream, bytes: headSize + value.count + tailSize)
  }

  func append(to stream: HTTP2.Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    let call = self.calls.of(stream)
    if call.pointee.phase == .serving {
      call.pointee.phase = .replying
      // The length is filled in by `finish`.
      self.session.append(to: stream, size: MessagePrefix.byteCount) { output in
        MessagePrefix.write(length: 0, into: &output)
      }
    }
    precondition(call.pointee.phase == .replying, "a call is answered once")
    self.session.append(to: stream, size: size, write)
  }

  func appendedBytes(of stream: HTTP2.Stream) -> Int {
    self.calls.of(stream).pointee.phase == .replying
      ? stream.outboundCount - MessagePrefix.byteCount : 0
  }

  func finish(_ stream: HTTP2.Stream) {
    self.append(to: stream, size: 0) { _ in }
    let size = stream.outboundCount - MessagePrefix.byteCount
    self.session.overwrite(in: stream, at: 1, bigEndian: UInt32(size))
    self.sendReply(stream, bytes: size)
  }

  private func sendReply(_ stream: HTTP2.Stream, bytes: Int) {
    self.messageSent(on: stream, bytes: bytes)
    self.session.finish(stream, trailers: Trailers.ok)
    self.session.respond(stream, head: Trailers.responseHead)
    self.conclude(stream, .ok)
  }

  func fail(_ stream: HTTP2.Stream, _ status: Status) {
    let call = self.calls.of(stream)
    let phase = call.pointee.phase
    precondition(phase != .answered && phase != .replying, "a call is answered once")
    self.refuse(stream, .status(status))
  }

  func refuse(_ stream: HTTP2.Stream, _ refusal: RequestHead.Refusal) {
    let head: HeaderList
    var code = StatusCode.unimplemented
    switch refusal {
    case .http(let code): head = Trailers.http(code)
    case .status(let status):
      head = Trailers.only(status)
      code = status.code
    case .encoding(let name):
      head = Trailers.only(
        Status(.unimplemented, "grpc-encoding \(name) is not supported"),
        [("grpc-accept-encoding", Array("identity".utf8))])
    }
    self.unbuffer(stream)
    self.session.respondOnly(stream, head: head)
    self.conclude(stream, code)
  }

  /// Gives up what the client has sent of an answered call: it may leave the stream open for as
  /// long as it likes. Not before the handler has returned, which may look at the message to its
  /// end. A small request that is whole goes with its stream, which saves every call a look-up.
  func release(_ stream: HTTP2.Stream) {
    guard self.calls.of(stream).pointee.phase == .answered,
      !stream.isEndReceived || stream.inboundCount > self.limits.session.recycledBufferMaxBytes
    else { return }
    self.session.discardInbound(stream)
  }

  func checkServed(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    let phase = call.pointee.phase
    guard phase == .serving || phase == .replying else { return }
    assertionFailure("a unary handler returned without an answer")
    call.pointee.phase = .serving
    self.fail(stream, Status(.internal, "the handler gave no answer"))
  }

  // MARK: - Parked calls

  func park(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    precondition(call.pointee.phase == .serving, "a call is answered once")
    call.pointee.phase = .parked
    stream.reportsClose = true
    if let deadline = call.pointee.deadline { self.watch(deadline) }
  }

  func isParked(_ stream: HTTP2.Stream, id: Int32) -> Bool {
    stream.id == id && self.calls.of(stream).pointee.phase == .parked && stream.closeCode == nil
  }

  func resume(_ stream: HTTP2.Stream, _ answer: () -> Void) {
    self.calls.of(stream).pointee.phase = .serving
    answer()
    self.checkServed(stream)
    self.release(stream)
    self.flush()
  }
}
