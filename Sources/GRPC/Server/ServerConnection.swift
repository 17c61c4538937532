internal import HTTP2
internal import Logging
internal import NIOCore

/// The path of a call: head -> message -> handler -> reply, all in one turn of the event loop.
final class ServerConnection: Connection {
  private let router: Router
  private let logger: Logger
  private let whenEnded: (ServerConnection) -> Void
  let calls = CallTable<ServerCall>()
  /// Who is at the other end.
  let peer: ConnectionPeer
  /// Never reused in the life of the process.
  let id = ChannelzID.next()
  /// Where this loop's calls are counted; `resources` keeps its memory.
  let counter: CallCounter
  /// Bytes of requests that are not whole yet.
  private var bufferedBytes = 0
  /// The head of the last call without a timeout, and the header block it was read from: clients
  /// send the same block for call after call.
  private var lastBlock: [UInt8] = []
  private var lastHead: RequestHead?
  private var drain = Drain.no
  private var pingTimer: Scheduled<Void>?
  /// How long a drain waits for the answer to its PING before it names the last call (gRFC A9).
  private static let pingTimeout = TimeAmount.seconds(10)

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
    peer: ConnectionPeer, whenEnded: @escaping (ServerConnection) -> Void
  ) {
    self.router = router
    self.peer = peer
    self.logger = logger
    self.whenEnded = whenEnded
    self.counter = resources.callCounter(methods: router.paths.count)
    let session = Session(
      role: .server, configuration: limits.session, pool: resources.pool)
    super.init(session: session, limits: limits, resources: resources)
  }

  // MARK: - The path of a call

  override func advance(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    if let code = stream.closeCode { return self.closed(stream, code) }
    if call.pointee.phase == .new && stream.isHeadReceived { self.begin(stream) }
    switch call.pointee.phase {
    case .receiving: self.receive(stream)
    case .streaming: self.deliver(stream)
    case .new, .serving, .replying, .parked, .answered: break
    }
    self.release(stream)
  }

  private func begin(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    call.pointee.startedAt = self.now
    self.counts.pointee.began(at: self.now)
    let head: RequestHead
    do {
      head = try self.head(of: stream)
    } catch {
      self.counter.started(call.pointee.handler)
      return self.refuse(stream, error)
    }
    call.pointee.handler = head.method
    self.counter.started(head.method)
    if let timeout = head.timeout { call.pointee.deadline = self.now + timeout }
    if !self.router.interceptors.isEmpty && !self.admit(stream) { return }
    switch self.router.handlers[head.method] {
    case .unary: call.pointee.phase = .receiving
    case .streaming(let service, let method): self.start(service, method, stream)
    }
  }

  /// Asks the interceptors; false where one has refused the call.
  private func admit(_ stream: HTTP2.Stream) -> Bool {
    let call = self.calls.of(stream)
    for interceptor in self.router.interceptors {
      call.pointee.interceptors += 1
      do {
        try interceptor.begin(InterceptedCall(connection: self, stream: stream))
      } catch {
        self.fail(stream, error)
        return false
      }
    }
    return true
  }

  private func head(of stream: HTTP2.Stream) throws(RequestHead.Refusal) -> RequestHead {
    if stream.isHeaderListTooLarge {
      self.resources.limitHits.count(.headerListMax)
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
      if case .tooLarge = error { self.resources.limitHits.count(.messageMax) }
      self.fail(stream, error.status)
    }
  }

  private func serve(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    self.unbuffer(stream)
    self.messageReceived(on: stream, bytes: stream.inboundCount - MessagePrefix.byteCount)
    if let deadline = call.pointee.deadline, deadline <= self.now {
      let status = Status(.deadlineExceeded, "the deadline passed before the call was served")
      return self.fail(stream, status)
    }
    guard self.session.queuedBytes <= self.limits.answerBufferMaxBytes else {
      return self.fail(stream, self.answersExhausted())
    }
    guard case .unary(let service, let method) = self.router.handlers[call.pointee.handler] else {
      preconditionFailure("only unary calls are received whole")
    }
    call.pointee.phase = .serving
    service.serve(UnaryCall(connection: self, stream: stream, method: method))
    self.checkServed(stream)
  }

  /// The message is not whole: lets the client send on, within the connection's limit.
  private func wait(_ stream: HTTP2.Stream) {
    guard self.buffer(stream) else { return self.fail(stream, self.bufferExhausted()) }
    self.session.credit(stream)
    stream.reportsClose = true
    if let deadline = self.calls.of(stream).pointee.deadline { self.watch(deadline) }
  }

  /// Counts what `stream` holds; false where the connection's requests hold too much by it.
  func buffer(_ stream: HTTP2.Stream) -> Bool {
    let call = self.calls.of(stream)
    let held = stream.inboundCount + (call.pointee.pipe?.inboxBytes ?? 0)
    let grown = held - call.pointee.bufferedBytes
    self.bufferedBytes += grown
    call.pointee.bufferedBytes += grown
    return self.bufferedBytes <= self.limits.requestBufferMaxBytes
  }

  func bufferExhausted() -> Status {
    self.resources.limitHits.count(.requestBufferMax)
    return Status(
      .resourceExhausted,
      "incomplete requests on this connection hold more than "
        + "\(self.limits.requestBufferMaxBytes) bytes",
      info: .init(
        reason: "REQUEST_BUFFER_EXHAUSTED",
        metadata: [
          "limit": "request-buffer-max", "limit_bytes": "\(self.limits.requestBufferMaxBytes)",
        ]))
  }

  private func answersExhausted() -> Status {
    self.resources.limitHits.count(.answerBufferMax)
    return Status(
      .resourceExhausted,
      "answers that were not read hold more than \(self.limits.answerBufferMaxBytes) bytes on "
        + "this connection",
      info: .init(
        reason: "ANSWER_BUFFER_EXHAUSTED",
        metadata: [
          "limit": "answer-buffer-max", "limit_bytes": "\(self.limits.answerBufferMaxBytes)",
        ]))
  }

  func unbuffer(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    self.bufferedBytes -= call.pointee.bufferedBytes
    call.pointee.bufferedBytes = 0
  }

  // MARK: - Ends

  /// A call has its answer, or needs none: the one way in which calls end. What the client still
  /// sends is dropped.
  func conclude(_ stream: HTTP2.Stream, _ code: StatusCode) {
    let call = self.calls.of(stream)
    call.pointee.phase = .answered
    stream.reportsClose = false
    guard !call.pointee.isConcluded else { return }
    call.pointee.isConcluded = true
    self.counts.pointee.streamsEnded += 1
    self.count(call.pointee.handler, code, since: call.pointee.startedAt)
    if call.pointee.interceptors > 0 { self.tellInterceptors(stream, code) }
  }

  private func count(_ method: Int, _ code: StatusCode, since startedAt: NIODeadline) {
    if self.isReading && startedAt == self.now {
      self.counter.note(method, code)
    } else {
      self.counter.ended(method, code, after: .now() - startedAt)
    }
  }

  override func readEnded() {
    if self.counter.hasNoted { self.counter.book(.now() - self.now) }
  }

  override func messageReceived(on stream: HTTP2.Stream, bytes: Int) {
    self.counts.pointee.received(at: self.now)
    self.counter.received(self.calls.of(stream).pointee.handler, bytes: bytes)
  }

  override func messageSent(on stream: HTTP2.Stream, bytes: Int) {
    self.counts.pointee.sent(at: self.now)
    self.counter.sent(self.calls.of(stream).pointee.handler, bytes: bytes)
  }

  private func tellInterceptors(_ stream: HTTP2.Stream, _ code: StatusCode) {
    let call = self.calls.of(stream)
    let outcome = CallOutcome(code: code, duration: .now() - call.pointee.startedAt)
    for interceptor in self.router.interceptors.prefix(call.pointee.interceptors) {
      interceptor.end(InterceptedCall(connection: self, stream: stream), outcome)
    }
  }

  /// The path of the method that `stream` calls.
  func path(of stream: HTTP2.Stream) -> String {
    self.router.paths[self.calls.of(stream).pointee.handler]
  }

  override func deadline(of stream: HTTP2.Stream) -> NIODeadline? {
    self.calls.of(stream).pointee.deadline
  }

  override func expire(_ stream: HTTP2.Stream) {
    // A status, where one can still be told: a client whose own timer is a moment late would take a
    // bare reset for CANCELLED. Behind messages that the client does not read there is no room for one.
    let status = Status(.deadlineExceeded, "the deadline passed")
    switch self.calls.of(stream).pointee.phase {
    case .answered: break
    case .streaming where stream.outboundCount == 0: self.endStreaming(stream, status)
    case .streaming, .replying: self.session.reset(stream, .cancel)
    case .new, .receiving, .serving, .parked: self.fail(stream, status)
    }
  }

  private func closed(_ stream: HTTP2.Stream, _ code: ErrorCode) {
    let call = self.calls.of(stream)
    let phase = call.pointee.phase
    self.unbuffer(stream)
    guard phase != .new && phase != .answered else { return }
    let isLate = call.pointee.deadline.map { $0 <= self.now } ?? false
    self.counts.pointee.streamsFailed += 1
    self.conclude(stream, isLate ? .deadlineExceeded : .cancelled)
    guard phase == .streaming else { return }
    let status = Status(.cancelled, "the client ended the call (\(code))")
    call.pointee.pipe?.close(status)
    call.pointee.task?.cancel()
  }

  override func sessionFailed(_ error: SessionError) {
    self.logger.debug(
      "connection ended: the peer broke the protocol",
      metadata: [
        "peer": "\(self.peer.address?.description ?? "unknown")",
        "error": "\(error)",
      ])
  }

  override func ended() {
    self.pingTimer?.cancel()
    self.whenEnded(self)
  }

  // MARK: - Drain

  /// Takes no further calls, serves those under way, and closes (RFC 9113, section 6.8; gRFC A9).
  func startDrain() {
    guard case .no = self.drain else { return }
    // Who has not even said that it speaks HTTP/2 has no call to lose, and answers no PING.
    guard self.session.isPeerReady else { return self.closeNow() }
    self.drain = .announced(pingAcks: self.session.pingAcks)
    self.session.announceShutdown()
    // Written first, because libnghttp2 sends a PING ahead of whatever else is queued.
    self.flush()
    self.session.ping()
    self.flush()
    // Streaming calls could go on for ever; their handlers are asked to end.
    self.session.forEachLiveStream { self.calls.of($0).pointee.task?.cancel() }
    guard let context = self.context else { return }
    self.pingTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.pingTimeout) {
      self.sayGoAway()
    }
  }

  override func turnEnded() {
    guard case .announced(let pingAcks) = self.drain, self.session.pingAcks > pingAcks else {
      return
    }
    self.sayGoAway()
  }

  /// The second GOAWAY, which names the last call that is served.
  private func sayGoAway() {
    self.pingTimer?.cancel()
    guard case .announced = self.drain else { return }
    self.drain = .said
    self.session.goAway(.noError)
    self.flush()
  }

  /// Closes at once, whatever is under way.
  func closeNow() { self.context?.close(promise: nil) }
}
