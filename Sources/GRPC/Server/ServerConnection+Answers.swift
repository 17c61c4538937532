internal import HTTP2
internal import Wire

// How a unary call is answered: at once, in pieces, with an error, or later.
extension ServerConnection {
  func reply(to stream: HTTP2.Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    let call = self.calls.of(stream)
    precondition(call.pointee.phase == .serving, "a call is answered once")
    if call.pointee.replyEncoding != .identity && self.compression.covers(size) {
      return self.replyCompressed(to: stream, size: size, write)
    }
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
    let call = self.calls.of(stream)
    precondition(call.pointee.phase == .serving, "a call is answered once")
    let size = headSize + value.count + tailSize
    if call.pointee.replyEncoding != .identity && self.compression.covers(size) {
      return self.replyCompressed(to: stream, size: size) { output in
        head(&output)
        // `owner` keeps the value alive, and is alive itself until this returns.
        output.append(bytes: RawSpan(_unsafeBytes: value))
        tail(&output)
      }
    }
    guard self.hasRoom(forValue: value.count) else {
      return self.fail(stream, self.serverExhausted())
    }
    self.session.append(to: stream, size: MessagePrefix.byteCount + headSize) { output in
      MessagePrefix.write(length: size, into: &output)
      head(&output)
    }
    self.session.splice(value, owner: owner, into: stream)
    self.session.append(to: stream, size: tailSize, tail)
    self.sendReply(stream, bytes: size)
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
    let encoding = self.calls.of(stream).pointee.replyEncoding
    if encoding != .identity && self.compression.covers(size)
      && self.compressAppended(stream, encoding)
    {
      return self.sendReply(stream, bytes: stream.outboundCount - MessagePrefix.byteCount, encoding)
    }
    self.session.overwrite(in: stream, at: 1, bigEndian: UInt32(size))
    self.sendReply(stream, bytes: size)
  }

  /// Has the answer on `stream` compressed with `encoding`, if the client takes that.
  func compressReplies(on stream: HTTP2.Stream, with encoding: MessageEncoding) {
    let call = self.calls.of(stream)
    call.pointee.replyEncoding =
      call.pointee.accepts.contains(EncodingSet(encoding)) ? encoding : .identity
  }

  private func replyCompressed(
    to stream: HTTP2.Stream, size: Int, _ write: (inout OutputRawSpan) -> Void
  ) {
    let encoding = self.calls.of(stream).pointee.replyEncoding
    let isSmaller = self.appendCompressed(to: stream, encoding, size: size, write)
    self.sendReply(
      stream, bytes: stream.outboundCount - MessagePrefix.byteCount,
      isSmaller ? encoding : .identity)
  }

  /// - Parameter bytes: of the message as it is sent, without its prefix.
  private func sendReply(
    _ stream: HTTP2.Stream, bytes: Int, _ encoding: MessageEncoding = .identity
  ) {
    self.messageSent(on: stream, bytes: bytes)
    if let metadata = self.calls.of(stream).pointee.metadata {
      self.session.finish(stream, trailers: Trailers.trailers(.ok, metadata.trailing))
      self.session.respond(stream, head: Trailers.head(encoding, metadata.takeInitial()))
    } else if encoding == .identity {
      // Named here, and not chosen by a function, which would retain what it returns.
      self.session.finish(stream, trailers: Trailers.ok)
      if self.calls.of(stream).pointee.isTerse {
        self.session.respond(stream, head: Trailers.terseHead)
      } else {
        self.session.respond(stream, head: Trailers.responseHead)
      }
    } else {
      self.session.finish(stream, trailers: Trailers.ok)
      self.session.respond(stream, head: Trailers.head(encoding))
    }
    self.conclude(stream, .ok)
  }

  /// What the handler adds to the metadata of its answer.
  func metadata(of stream: HTTP2.Stream) -> AnswerMetadata {
    let call = self.calls.of(stream)
    if let metadata = call.pointee.metadata { return metadata }
    let metadata = AnswerMetadata()
    call.pointee.metadata = metadata
    return metadata
  }

  func fail(_ stream: HTTP2.Stream, _ status: Status) {
    let call = self.calls.of(stream)
    let phase = call.pointee.phase
    precondition(phase != .answered && phase != .replying, "a call is answered once")
    if call.pointee.metadata == nil { return self.refuse(stream, .status(status)) }
    self.unbuffer(stream)
    self.endAnswer(stream, status)
    self.conclude(stream, status.code)
  }

  /// Ends an answer whose messages are all appended, with the metadata that its handler has added.
  ///
  /// An answer without messages is one header block ("Trailers-Only"), so that its client may take it
  /// for no answer at all and call again; unless there is initial metadata, which has no place in it.
  func endAnswer(_ stream: HTTP2.Stream, _ status: Status) {
    let metadata = self.calls.of(stream).pointee.metadata
    let trailing = metadata?.trailing ?? Metadata()
    if !stream.isHeadSubmitted {
      let initial = metadata?.takeInitial() ?? Metadata()
      guard !initial.isEmpty else {
        let head = Trailers.only(status, trailing.headerFields)
        return self.session.respondOnly(stream, head: head)
      }
      self.session.respond(stream, head: Trailers.head(.identity, initial))
    }
    self.session.finish(stream, trailers: Trailers.trailers(status, trailing))
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
      head = Trailers.only(Status(.unimplemented, "grpc-encoding \(name) is not supported"))
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
    // Its message stays until it is answered. It was let in, so it is counted and not refused.
    self.bufferedBytes += stream.inboundCount - call.pointee.bufferedBytes
    call.pointee.bufferedBytes = stream.inboundCount
    if let deadline = call.pointee.deadline { self.watch(deadline) }
  }

  func park(_ stream: HTTP2.Stream, observer: any ParkedCallObserver, tag: UInt64) {
    self.park(stream)
    let call = self.calls.of(stream)
    call.pointee.observer = observer
    call.pointee.observerTag = tag
  }

  /// Tells whoever works on the answer to a parked call that nobody waits for it.
  func abandon(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    guard let observer = call.pointee.observer else { return }
    call.pointee.observer = nil
    observer.abandoned(tag: call.pointee.observerTag)
  }

  func isParked(_ stream: HTTP2.Stream, id: Int32) -> Bool {
    stream.id == id && self.calls.of(stream).pointee.phase == .parked && stream.closeCode == nil
  }

  func resume(_ stream: HTTP2.Stream, _ answer: () -> Void) {
    // What goes by time, such as a lease or an expiry, goes by now, not by when the call came.
    self.readClock()
    self.calls.of(stream).pointee.phase = .serving
    self.calls.of(stream).pointee.observer = nil
    self.unbuffer(stream)
    answer()
    self.checkServed(stream)
    self.release(stream)
  }
}
