internal import HTTP2
internal import Logging
internal import NIOCore

/// The path of a call: head -> message -> handler -> reply, all in one turn of the event loop.
final class ServerConnection: Connection {
  private let router: Router
  private let logger: Logger
  private let whenEnded: (ServerConnection) -> Void
  private let calls = CallTable<ServerCall>()
  /// Bytes of requests that are not whole yet.
  private var bufferedBytes = 0
  /// The head of the last call without a timeout, and the header block it was read from: clients
  /// send the same block for call after call.
  private var lastBlock: [UInt8] = []
  private var lastHead: RequestHead?
  private var drain = Drain.no

  private enum Drain {
    case no
    /// GOAWAY without a last stream was sent, and a PING; its answer proves that the client has seen
    /// both, and that every call it started before is here.
    case announced(pingAcks: Int)
    /// GOAWAY with the last stream was sent.
    case said
  }

  init(
    router: Router, limits: ConnectionLimits, resources: LoopResources, logger: Logger,
    whenEnded: @escaping (ServerConnection) -> Void
  ) {
    self.router = router
    self.logger = logger
    self.whenEnded = whenEnded
    let session = Session(
      role: .server, configuration: limits.session, pool: resources.pool)
    super.init(session: session, limits: limits, resources: resources)
  }

  // MARK: - The path of a call

  override func advance(_ stream: HTTP2.Stream) {
    if let code = stream.closeCode { return self.closed(stream, code) }
    if self.calls.of(stream).pointee.phase == .new && stream.isHeadReceived { self.begin(stream) }
    switch self.calls.of(stream).pointee.phase {
    case .receiving: self.receive(stream)
    case .streaming: self.deliver(stream)
    case .answered: self.discard(stream)
    case .new, .serving, .replying, .parked: break
    }
  }

  private func begin(_ stream: HTTP2.Stream) {
    let head: RequestHead
    do {
      head = try self.head(of: stream)
    } catch {
      return self.refuse(stream, error)
    }
    self.calls.of(stream).pointee.handler = head.method
    if let timeout = head.timeout { self.calls.of(stream).pointee.deadline = self.now + timeout }
    switch self.router.handlers[head.method] {
    case .unary: self.calls.of(stream).pointee.phase = .receiving
    case .streaming(let service, let method): self.start(service, method, stream)
    }
  }

  private func head(of stream: HTTP2.Stream) throws(RequestHead.Refusal) -> RequestHead {
    if stream.isHeaderListTooLarge {
      throw .status(
        Status(
          .resourceExhausted,
          "request headers are over \(self.limits.session.headerListMaxBytes) bytes or "
            + "\(self.limits.session.headersMax) fields",
          info: .init(reason: "HEADERS_TOO_LARGE", metadata: ["limit": "header-list-max"])))
    }
    if let head = self.lastHead, stream.headBytes.equals(self.lastBlock.span.bytes) {
      return head
    }
    let head = try RequestHead.parse(stream.headFields, self.router.table)
    if head.timeout == nil {
      self.lastHead = head
      self.lastBlock = stream.headBytes.array
    }
    return head
  }

  private func receive(_ stream: HTTP2.Stream) {
    do {
      let isWhole = try MessagePrefix.unary(
        stream.inboundBytes, isEnd: stream.isEndReceived,
        messageMaxBytes: self.limits.messageMaxBytes)
      if isWhole != nil { self.serve(stream) } else { self.wait(stream) }
    } catch {
      self.fail(stream, error.status)
    }
  }

  private func serve(_ stream: HTTP2.Stream) {
    self.unbuffer(stream)
    if let deadline = self.calls.of(stream).pointee.deadline, deadline <= self.now {
      return self.fail(stream, Status(.deadlineExceeded, "the deadline passed before the call was served"))
    }
    guard case .unary(let service, let method) = self.router.handlers[self.calls.of(stream).pointee.handler] else { return }
    self.calls.of(stream).pointee.phase = .serving
    service.serve(UnaryCall(connection: self, stream: stream, method: method))
    self.checkServed(stream)
  }

  /// The message is not whole: lets the client send on, within the connection's limit.
  private func wait(_ stream: HTTP2.Stream) {
    guard self.buffer(stream) else { return self.fail(stream, self.bufferExhausted) }
    self.session.credit(stream)
    stream.reportsClose = true
    if let deadline = self.calls.of(stream).pointee.deadline { self.watch(deadline) }
  }

  /// Counts what `stream` holds; false where the connection's requests hold too much by it.
  private func buffer(_ stream: HTTP2.Stream) -> Bool {
    let grown = stream.inboundCount - self.calls.of(stream).pointee.bufferedBytes
    self.bufferedBytes += grown
    self.calls.of(stream).pointee.bufferedBytes += grown
    return self.bufferedBytes <= self.limits.requestBufferMaxBytes
  }

  private var bufferExhausted: Status {
    Status(
      .resourceExhausted,
      "incomplete requests on this connection hold more than "
        + "\(self.limits.requestBufferMaxBytes) bytes",
      info: .init(
        reason: "REQUEST_BUFFER_EXHAUSTED",
        metadata: [
          "limit": "request-buffer-max", "limit_bytes": "\(self.limits.requestBufferMaxBytes)",
        ]))
  }

  private func unbuffer(_ stream: HTTP2.Stream) {
    self.bufferedBytes -= self.calls.of(stream).pointee.bufferedBytes
    self.calls.of(stream).pointee.bufferedBytes = 0
  }

  // MARK: - Answers

  func reply(to stream: HTTP2.Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    precondition(self.calls.of(stream).pointee.phase == .serving, "a call is answered once")
    self.session.append(to: stream, size: MessagePrefix.byteCount + size) { output in
      MessagePrefix.write(length: size, into: &output)
      write(&output)
    }
    self.sendReply(stream)
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
    self.sendReply(stream)
  }

  func append(to stream: HTTP2.Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    if self.calls.of(stream).pointee.phase == .serving {
      self.calls.of(stream).pointee.phase = .replying
      // The length is filled in by `finish`.
      self.session.append(to: stream, size: MessagePrefix.byteCount) { output in
        MessagePrefix.write(length: 0, into: &output)
      }
    }
    precondition(self.calls.of(stream).pointee.phase == .replying, "a call is answered once")
    self.session.append(to: stream, size: size, write)
  }

  func appendedBytes(of stream: HTTP2.Stream) -> Int {
    self.calls.of(stream).pointee.phase == .replying ? stream.outboundCount - MessagePrefix.byteCount : 0
  }

  func finish(_ stream: HTTP2.Stream) {
    self.append(to: stream, size: 0) { _ in }
    let size = stream.outboundCount - MessagePrefix.byteCount
    self.session.overwrite(in: stream, at: 1, bigEndian: UInt32(size))
    self.sendReply(stream)
  }

  private func sendReply(_ stream: HTTP2.Stream) {
    self.session.finish(stream, trailers: Trailers.ok)
    self.session.respond(stream, head: Trailers.responseHead)
    self.calls.of(stream).pointee.phase = .answered
    stream.reportsClose = false
  }

  func fail(_ stream: HTTP2.Stream, _ status: Status) {
    precondition(self.calls.of(stream).pointee.phase != .answered && self.calls.of(stream).pointee.phase != .replying, "a call is answered once")
    self.refuse(stream, .status(status))
  }

  private func refuse(_ stream: HTTP2.Stream, _ refusal: RequestHead.Refusal) {
    let head: HeaderList
    switch refusal {
    case .http(let code): head = Trailers.http(code)
    case .status(let status): head = Trailers.only(status)
    case .encoding(let name):
      head = Trailers.only(
        Status(.unimplemented, "grpc-encoding \(name) is not supported"),
        [("grpc-accept-encoding", Array("identity".utf8))])
    }
    self.unbuffer(stream)
    self.session.respondOnly(stream, head: head)
    self.calls.of(stream).pointee.phase = .answered
    stream.reportsClose = false
    self.discard(stream)
  }

  private func discard(_ stream: HTTP2.Stream) {
    self.session.credit(stream)
    stream.discardInbound()
  }

  private func checkServed(_ stream: HTTP2.Stream) {
    guard self.calls.of(stream).pointee.phase == .serving || self.calls.of(stream).pointee.phase == .replying else { return }
    assertionFailure("a unary handler returned without an answer")
    self.calls.of(stream).pointee.phase = .serving
    self.fail(stream, Status(.internal, "the handler gave no answer"))
  }

  // MARK: - Parked calls

  func park(_ stream: HTTP2.Stream) {
    precondition(self.calls.of(stream).pointee.phase == .serving, "a call is answered once")
    self.calls.of(stream).pointee.phase = .parked
    stream.reportsClose = true
    if let deadline = self.calls.of(stream).pointee.deadline { self.watch(deadline) }
  }

  func isParked(_ stream: HTTP2.Stream, id: Int32) -> Bool {
    stream.id == id && self.calls.of(stream).pointee.phase == .parked && stream.closeCode == nil
  }

  func resume(_ stream: HTTP2.Stream, _ answer: () -> Void) {
    self.calls.of(stream).pointee.phase = .serving
    answer()
    self.checkServed(stream)
    self.flush()
  }

  // MARK: - Streaming calls

  private func start(_ service: any StreamingService, _ method: Int, _ stream: HTTP2.Stream) {
    guard let context = self.context else { return }
    let pipe = MessagePipe(
      connection: self, stream: stream, eventLoop: context.eventLoop,
      // A handler that reads no further may still have much to say.
      readerLeft: { _ in })
    let call = StreamingCall(
      method: method, metadata: MetadataView(stream.headFields).copy(),
      deadline: self.calls.of(stream).pointee.deadline, pipe: pipe)
    self.calls.of(stream).pointee.phase = .streaming
    stream.reportsClose = true
    self.calls.of(stream).pointee.pipe = pipe
    if let deadline = self.calls.of(stream).pointee.deadline { self.watch(deadline) }
    let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
    self.calls.of(stream).pointee.task = Task {
      let status: Status
      do {
        try await service.serve(call)
        status = .ok
      } catch let error as Status {
        status = error
      } catch is CancellationError {
        status = Status(.cancelled)
      } catch {
        status = Status(.unknown, "\(error)")
      }
      pipe.eventLoop.execute { connection.value.finishStreaming(pipe, status) }
    }
  }

  private func deliver(_ stream: HTTP2.Stream) {
    do {
      self.calls.of(stream).pointee.pipe?.drainedIfWaiting()
      try self.calls.of(stream).pointee.pipe?.deliver()
    } catch {
      return self.endStreaming(stream, error.status)
    }
    // A message that is not whole, or waits for its reader.
    if !self.buffer(stream) { self.endStreaming(stream, self.bufferExhausted) }
  }

  private func finishStreaming(_ pipe: MessagePipe, _ status: Status) {
    // Nil once the call has ended some other way.
    guard let stream = pipe.stream else { return }
    self.endStreaming(stream, status)
    self.flush()
  }

  private func endStreaming(_ stream: HTTP2.Stream, _ status: Status) {
    let (pipe, task) = (self.calls.of(stream).pointee.pipe, self.calls.of(stream).pointee.task)
    self.unbuffer(stream)
    if stream.isHeadSubmitted {
      self.session.finish(stream, trailers: Trailers.trailers(status))
    } else if status == .ok {
      self.session.respondOnly(stream, head: Trailers.only(status))
    } else {
      self.session.respondOnly(stream, head: Trailers.only(status))
    }
    self.calls.of(stream).pointee.phase = .answered
    stream.reportsClose = false
    self.discard(stream)
    pipe?.close(status)
    task?.cancel()
  }

  // MARK: - Ends

  override func deadline(of stream: HTTP2.Stream) -> NIODeadline? {
    self.calls.of(stream).pointee.deadline
  }

  override func expire(_ stream: HTTP2.Stream) {
    guard self.calls.of(stream).pointee.phase != .answered else { return }
    self.session.reset(stream, .cancel)
  }

  private func closed(_ stream: HTTP2.Stream, _ code: ErrorCode) {
    self.unbuffer(stream)
    guard self.calls.of(stream).pointee.phase == .streaming else { return }
    self.calls.of(stream).pointee.pipe?.close(Status(.cancelled, "the client ended the call (\(code))"))
    self.calls.of(stream).pointee.task?.cancel()
  }

  override func sessionFailed(_ error: SessionError) {
    self.logger.debug(
      "connection ended: the peer broke the protocol",
      metadata: [
        "peer": "\(self.context?.channel.remoteAddress?.description ?? "unknown")",
        "error": "\(error)",
      ])
  }

  override func ended() { self.whenEnded(self) }

  // MARK: - Drain

  /// Takes no further calls, serves those under way, and closes (RFC 9113, section 6.8; gRFC A9).
  func startDrain() {
    guard case .no = self.drain else { return }
    self.drain = .announced(pingAcks: self.session.pingAcks)
    self.session.announceShutdown()
    // Written first, because libnghttp2 sends a PING ahead of whatever else is queued.
    self.flush()
    self.session.ping()
    self.flush()
  }

  override func turnEnded() {
    guard case .announced(let pingAcks) = self.drain, self.session.pingAcks > pingAcks else { return }
    self.drain = .said
    self.session.goAway(.noError)
  }

  /// Closes at once, whatever is under way.
  func closeNow() { self.context?.close(promise: nil) }
}
