internal import HTTP2
internal import NIOCore

/// What a handler ends with that was cancelled by a drain. (A call that the client ended has no stream
/// any more.)
private let shuttingDown = Status(.unavailable, "the server is shutting down")

private func tooManyHandlers(_ most: Int) -> Status {
  Status(
    .resourceExhausted, "more than \(most) streaming calls are being served",
    info: .init(
      reason: "HANDLERS_EXHAUSTED", metadata: ["limit": "handlers-max", "limit_calls": "\(most)"]))
}

// Streaming calls, each served by a task of its own.
extension ServerConnection {
  func start(_ service: any StreamingService, _ method: Int, _ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    guard let context = self.context else { return }
    let load = self.resources.load
    let isStranger = call.pointee.caller == nil && self.router.asksForCallers
    guard load.enter(isStranger: isStranger) else {
      self.hit(.handlersMax)
      return self.fail(stream, tooManyHandlers(load.handlersMax(isStranger: isStranger)))
    }
    let pipe = MessagePipe(
      connection: self, stream: stream, eventLoop: context.eventLoop,
      outboundEncoding: call.pointee.replyEncoding,
      messageMaxBytes: self.router.messageBounds[call.pointee.handler]
        .maxBytes(self.limits.messageMaxBytes),
      // A handler that reads no further may still have much to say.
      readerLeft: { _ in })
    pipe.inboundEncoding = call.pointee.encoding
    let view = MetadataView(stream.headFields)
    let streamingCall = StreamingCall(
      method: method, metadata: view.copy(), previousAttempts: view.previousAttempts,
      deadline: call.pointee.deadline, caller: call.pointee.caller, accepts: call.pointee.accepts,
      answer: self.metadata(of: stream), pipe: pipe)
    call.pointee.phase = .streaming
    stream.reportsClose = true
    call.pointee.pipe = pipe
    if let deadline = call.pointee.deadline { self.watch(deadline) }
    // Emptied on the loop: a task lets go of what it holds on a thread of its own, and a connection
    // gives its memory back to the pool of its loop.
    let connection = NIOLoopBoundBox<ServerConnection?>(self, eventLoop: context.eventLoop)
    call.pointee.task = Task {
      defer { load.leave() }
      let status: Status
      do {
        try await service.serve(streamingCall)
        status = Task.isCancelled ? shuttingDown : .ok
      } catch let error as Status {
        status = error
      } catch is CancellationError {
        status = shuttingDown
      } catch {
        status = Status(.unknown, "\(error)")
      }
      pipe.eventLoop.execute { connection.value.take()?.finishStreaming(pipe, status) }
    }
  }

  func deliver(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    do {
      call.pointee.pipe?.drainedIfWaiting()
      try call.pointee.pipe?.deliver()
    } catch {
      return self.endStreaming(stream, self.status(of: error))
    }
    // A message that is not whole, or waits for its reader.
    if let refusal = self.buffer(stream) { self.endStreaming(stream, refusal) }
  }

  private func finishStreaming(_ pipe: MessagePipe, _ status: Status) {
    // Nil once the call has ended some other way.
    guard let stream = pipe.stream else { return }
    self.endStreaming(stream, status)
    self.flush()
  }

  func endStreaming(_ stream: HTTP2.Stream, _ status: Status) {
    let call = self.calls.of(stream)
    let (pipe, task) = (call.pointee.pipe, call.pointee.task)
    self.unbuffer(stream)
    self.endAnswer(stream, status)
    self.conclude(stream, status.code)
    self.session.discardInbound(stream)
    pipe?.close(status)
    task?.cancel()
  }
}
