internal import HTTP2
internal import Logging
internal import NIOCore

/// The path of a call: head -> message -> handler -> reply, all in one turn of the event loop.
final class ServerConnection: Connection {
  let router: Router
  let logger: Logger
  private let whenEnded: (ServerConnection) -> Void
  let calls = CallTable<ServerCall>()
  /// Who is at the other end.
  let peer: ConnectionPeer
  /// Never reused in the life of the process.
  let id = ChannelzID.next()
  /// Where this loop's calls are counted; `resources` keeps its memory.
  let counter: CallCounter
  /// The head of the last call. Allocated in `init`, freed in `deinit`.
  private let lastHead: UnsafeMutablePointer<RequestHeadMemo>
  /// What each interceptor keeps, by its index; empty until one does.
  private var interceptorMemory: [AnyObject?] = []
  private var readSize = ReadSize()
  /// See `BulkReaders`.
  private var lastBulkWindow: UInt64 = 0
  /// See `ServerConnection+Drain.swift`.
  var drain = Drain.no
  /// See `ServerConnection+Sweep.swift`.
  var timers: ConnectionTimers
  /// Calls refused by libnghttp2 that were counted as such.
  var refusalsCounted = 0

  init(
    router: Router, limits: ConnectionLimits, resources: LoopResources, logger: Logger,
    peer: ConnectionPeer, compression: MessageCompression = MessageCompression(),
    whenEnded: @escaping (ServerConnection) -> Void
  ) {
    self.router = router
    self.peer = peer
    self.logger = logger
    self.whenEnded = whenEnded
    self.timers = ConnectionTimers(
      limits.timeouts, acceptedAt: resources.now, jitter: .random(in: -0.1...0.1))
    self.counter = resources.callCounter(methods: router.paths.count)
    self.lastHead = .allocate(capacity: 1)
    self.lastHead.initialize(to: RequestHeadMemo())
    let session = Session(
      role: .server, configuration: limits.session, pool: resources.pool)
    super.init(
      session: session, limits: limits, resources: resources, compression: compression,
      writesToSocket: !peer.isEncrypted)
  }

  deinit {
    self.lastHead.deinitialize(count: 1)
    self.lastHead.deallocate()
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
      return self.refuse(stream, error.unless(self.objection(to: stream)))
    }
    call.pointee.handler = head.method
    call.pointee.encoding = head.encoding
    call.pointee.accepts = head.accepts
    call.pointee.isTraced = head.isTraced
    if self.compression.encoding != .identity {
      self.compressReplies(on: stream, with: self.compression.encoding)
    }
    self.counter.started(head.method)
    if let timeout = head.timeout { call.pointee.deadline = self.now + timeout }
    if !self.router.interceptors.isEmpty, let objection = self.objection(to: stream) {
      return self.fail(stream, objection)
    }
    switch self.router.handlers[head.method] {
    case .unary: call.pointee.phase = .receiving
    case .streaming(let service, let method): self.start(service, method, stream)
    }
  }

  /// What an interceptor refuses the call with; nil: they let it in, or there are none.
  private func objection(to stream: HTTP2.Stream) -> Status? {
    let call = self.calls.of(stream)
    for (index, interceptor) in self.router.interceptors.enumerated() {
      call.pointee.interceptors = index + 1
      do {
        try interceptor.begin(InterceptedCall(connection: self, stream: stream, index: index))
      } catch {
        return error
      }
    }
    return nil
  }

  private func head(of stream: HTTP2.Stream) throws(RequestHead.Refusal) -> RequestHead {
    if stream.isHeaderListTooLarge {
      self.hit(.headerListMax)
      throw .status(
        Status(
          .resourceExhausted,
          "request headers are over \(self.limits.session.headerListMaxBytes) bytes or "
            + "\(self.limits.session.headersMax) fields",
          info: .init(reason: "HEADERS_TOO_LARGE", metadata: ["limit": "header-list-max"])))
    }
    if let head = self.lastHead.pointee.head(of: stream.headBytes) { return head }
    let head = try RequestHead.parse(stream.headFields, self.router.table)
    if head.timeout == nil { self.lastHead.pointee.remember(head, of: stream.headBytes) }
    return head
  }

  private func receive(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    let bounds = self.router.messageBounds[call.pointee.handler]
    let most = bounds.maxBytes(self.limits.messageMaxBytes)
    do {
      let message = try MessagePrefix.unary(
        stream.inboundBytes, isEnd: stream.isEndReceived, messageMaxBytes: most,
        encoding: call.pointee.encoding)
      guard let message else { return self.wait(stream) }
      self.messageReceived(on: stream, bytes: message.length)
      if message.isCompressed {
        try self.inflate(stream, call.pointee.encoding)
        call.pointee.wasCompressed = true
      }
    } catch {
      return self.fail(stream, self.status(of: error))
    }
    self.serve(stream)
  }

  /// What a call ends with whose messages are framed so. Counts the limit, where it was one.
  func status(of error: FramingError) -> Status {
    switch error {
    case .inflatedTooLarge(let max) where max < self.limits.messageMaxBytes:
      return self.requestsExhausted()
    case .tooLarge, .inflatedTooLarge:
      self.hit(.messageMax)
      return error.status
    default:
      return error.status
    }
  }

  private func serve(_ stream: HTTP2.Stream) {
    let call = self.calls.of(stream)
    self.unbuffer(stream)
    if let deadline = call.pointee.deadline, deadline <= self.now {
      let status = Status(.deadlineExceeded, "the deadline passed before the call was served")
      return self.fail(stream, status)
    }
    guard self.hasRoomForAnswers else { return self.fail(stream, self.answersExhausted()) }
    guard case .unary(let service, let method) = self.router.handlers[call.pointee.handler] else {
      preconditionFailure("only unary calls are received whole")
    }
    call.pointee.phase = .serving
    service.serve(UnaryCall(connection: self, stream: stream, method: method))
    self.checkServed(stream)
  }

  /// The message is not whole: lets the client send on, within the connection's limit.
  private func wait(_ stream: HTTP2.Stream) {
    if let refusal = self.buffer(stream) { return self.fail(stream, refusal) }
    self.session.credit(stream)
    stream.reportsClose = true
    if let deadline = self.calls.of(stream).pointee.deadline { self.watch(deadline) }
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
      self.counter.ended(method, code, after: self.resources.now - startedAt)
    }
  }

  override func readEnded(bytes: Int) {
    if self.counter.hasNoted { self.counter.book(self.resources.now - self.now) }
    var readers = 0
    if bytes >= self.readSize.bytes {
      readers = self.resources.bulkReaders.filled(self.now, lastWindow: &self.lastBulkWindow)
    }
    if self.readSize.readEnded(bytes, work: self.session.receivedWork, readers: readers) {
      self.setReadAllocator(Self.readAllocator(self.readSize))
    }
  }

  /// Memory for reads of that size, and less for who sends little.
  static func readAllocator(_ size: ReadSize) -> AdaptiveRecvByteBufferAllocator {
    AdaptiveRecvByteBufferAllocator(
      minimum: ReadSize.leastBytes, initial: size.bytes, maximum: size.bytes)
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
    let outcome = CallOutcome(code: code, duration: self.resources.now - call.pointee.startedAt)
    for index in 0..<call.pointee.interceptors {
      self.router.interceptors[index].end(
        InterceptedCall(connection: self, stream: stream, index: index), outcome)
    }
  }

  func memory(ofInterceptor index: Int) -> AnyObject? {
    self.interceptorMemory.isEmpty ? nil : self.interceptorMemory[index]
  }

  func setMemory(ofInterceptor index: Int, _ memory: AnyObject?) {
    if self.interceptorMemory.isEmpty {
      self.interceptorMemory = Array(repeating: nil, count: self.router.interceptors.count)
    }
    self.interceptorMemory[index] = memory
  }

  /// The path of the method that `stream` calls; nil where its head named none of ours.
  func path(of stream: HTTP2.Stream) -> String? {
    let handler = self.calls.of(stream).pointee.handler
    return handler < 0 ? nil : self.router.paths[handler]
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
    case .parked:
      self.fail(stream, status)
      self.abandon(stream)
    case .new, .receiving, .serving: self.fail(stream, status)
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
    if phase == .parked { self.abandon(stream) }
    guard phase == .streaming else { return }
    let status = Status(.cancelled, "the client ended the call (\(code))")
    call.pointee.pipe?.close(status)
    call.pointee.task?.cancel()
  }

  override func sessionFailed(_ error: SessionError) {
    if case .limitReached(let limit) = error { return self.hit(PeerLimit(limit)) }
    self.logger.debug(
      "connection ended: the peer broke the protocol",
      metadata: ["peer": "\(self.peerName)", "error": "\(error)"])
  }

  /// Counts that the client has run into `limit`, and tells the operator once in a while.
  func hit(_ limit: PeerLimit, times: Int = 1) {
    self.resources.limitHits.count(limit, times: times)
    self.resources.load.log(
      limit, times: times, peer: self.peerName, now: self.now, to: self.logger)
  }

  /// Who is at the other end, for the log.
  var peerName: String { self.peer.address?.description ?? "unknown" }

  override func ended() { self.whenEnded(self) }

  override func turnEnded() {
    if case .announced = self.drain { self.continueDrain(isLate: false) }
  }
}
