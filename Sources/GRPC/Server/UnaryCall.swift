internal import HTTP2
public import NIOCore

/// One unary call whose message is whole. Lives on the connection's stack while the handler runs.
///
/// A handler does exactly one of: `reply`, a batch of `append`s and `finish`, `fail`, `park`.
public struct UnaryCall: ~Copyable {
  // Handlers only borrow a call, and a call cannot be copied, so it does not outlive the turn of the
  // connection that made it; both are alive all that time.
  unowned(unsafe) let connection: ServerConnection
  private let stream: HTTP2.Stream
  /// Position in the paths the service registered.
  public let method: Int

  init(connection: ServerConnection, stream: HTTP2.Stream, method: Int) {
    self.connection = connection
    self.stream = stream
    self.method = method
  }

  /// The request message.
  public var message: RawSpan {
    @_lifetime(borrow self)
    get {
      let body = self.stream.inboundBuffer
      let message = UnsafeRawBufferPointer(rebasing: body[MessagePrefix.byteCount...])
      // The stream keeps its inbound bytes until the call has ended, which `self` does not outlive.
      return _overrideLifetime(RawSpan(_unsafeBytes: message), borrowing: self)
    }
  }

  /// The request's metadata, as it came.
  public var metadata: MetadataView {
    @_lifetime(borrow self)
    get {
      // As for `message`.
      let head = _overrideLifetime(
        RawSpan(_unsafeBytes: self.stream.headBuffer), borrowing: self)
      return MetadataView(HeaderFields(head))
    }
  }

  /// When the client stops waiting; nil: never.
  public var deadline: NIODeadline? { self.connection.deadline(of: self.stream) }

  /// Who makes the call, as an interceptor found out.
  public var caller: (any AnyObject & Sendable)? {
    self.connection.calls.of(self.stream).pointee.caller
  }

  /// Who is at the other end of the connection.
  public var peer: ConnectionPeer { self.connection.peer }

  /// The time, read once for all calls of a batch.
  public var now: NIODeadline { self.connection.now }

  /// The event loop that the call is served on, by its place in the server's group.
  public var loop: Int { self.connection.resources.loop }

  /// Counts that the peer ran into a limit.
  public func count(_ limit: PeerLimit) { self.connection.resources.limitHits.count(limit) }

  /// How often the client says that it tried before (gRFC A6); 0 where it says nothing.
  public var previousAttempts: Int { self.metadata.previousAttempts }

  /// Whether the request message came compressed; `message` never is.
  public var wasCompressed: Bool {
    self.connection.calls.of(self.stream).pointee.wasCompressed
  }

  /// Has the reply compressed with `encoding` instead of what the server is configured for;
  /// `.identity`: not at all. Without effect where the client does not take it, the message is
  /// outside the server's sizes for compression, or it would get no smaller.
  public func setCompression(_ encoding: MessageEncoding) {
    self.connection.compressReplies(on: self.stream, with: encoding)
  }

  /// Spares the reply what it need not say to a caller that is known to compress nothing: it is sent
  /// as it is, and its head does not name the encodings that are taken. Each header field costs both
  /// ends of a call as much as a look-up in a cache.
  public func answerTersely() {
    let call = self.connection.calls.of(self.stream)
    call.pointee.replyEncoding = .identity
    call.pointee.isTerse = true
  }

  /// Whether the metadata has a `traceparent` (W3C Trace Context); known without a look at it.
  public var isTraced: Bool { self.connection.calls.of(self.stream).pointee.isTraced }

  /// Adds metadata before the reply. Before the call is answered.
  ///
  /// - Throws: INTERNAL where all of it would be over 8 KiB, 32 bytes for each field included.
  public func addInitialMetadata(_ metadata: Metadata) throws(Status) {
    try self.connection.metadata(of: self.stream).addInitial(metadata)
  }

  /// Adds metadata after the reply, or beside the error. Before the call is answered.
  ///
  /// - Throws: as `addInitialMetadata`.
  public func addTrailingMetadata(_ metadata: Metadata) throws(Status) {
    try self.connection.metadata(of: self.stream).addTrailing(metadata)
  }

  /// Answers with one message of exactly `size` bytes, which `write` puts into the reply buffer.
  public func reply(size: Int, _ write: (inout OutputRawSpan) -> Void) {
    self.connection.reply(to: self.stream, size: size, write)
  }

  /// Answers with one message in three parts: `head`, `value`, `tail`. The value is not copied now,
  /// but piece by piece as the client takes it; `owner` keeps it alive.
  public func reply(
    headSize: Int, _ head: (inout OutputRawSpan) -> Void,
    value: UnsafeRawBufferPointer, owner: AnyObject,
    tailSize: Int, _ tail: (inout OutputRawSpan) -> Void
  ) {
    self.connection.reply(
      to: self.stream, headSize: headSize, head, value: value, owner: owner, tailSize: tailSize,
      tail)
  }

  /// Adds `size` bytes to a reply whose size is not known beforehand; `finish` sends it.
  public func append(size: Int, _ write: (inout OutputRawSpan) -> Void) {
    self.connection.append(to: self.stream, size: size, write)
  }

  /// Bytes appended so far.
  public var appendedBytes: Int { self.connection.appendedBytes(of: self.stream) }

  /// Answers with the message made of all appended bytes.
  public func finish() { self.connection.finish(self.stream) }

  /// Answers with an error.
  public func fail(_ status: Status) { self.connection.fail(self.stream, status) }

  /// Leaves the call open, to be answered later on the same event loop.
  public func park() -> ParkedCall {
    self.connection.park(self.stream)
    return self.parked
  }

  /// As `park()`, and has `observer` told if nobody waits for the answer any more.
  ///
  /// - Parameter tag: by which the observer knows the call.
  public func park(observer: any ParkedCallObserver, tag: UInt64) -> ParkedCall {
    self.connection.park(self.stream, observer: observer, tag: tag)
    return self.parked
  }

  private var parked: ParkedCall {
    ParkedCall(
      connection: self.connection, stream: self.stream, id: self.stream.id, method: self.method)
  }
}

/// Is told of parked calls that ended before they were answered.
public protocol ParkedCallObserver: AnyObject {
  /// The client has cancelled the call that was parked with `tag`, its deadline has passed, or its
  /// connection was lost. On the call's event loop; not for calls that were resumed.
  func abandoned(tag: UInt64)
}

/// A call that waits for its answer. Used on the event loop it was parked on.
public struct ParkedCall {
  private let connection: ServerConnection
  private let stream: HTTP2.Stream
  private let id: Int32
  private let method: Int

  init(connection: ServerConnection, stream: HTTP2.Stream, id: Int32, method: Int) {
    self.connection = connection
    self.stream = stream
    self.id = id
    self.method = method
  }

  /// Whether somebody still waits: false once the client cancelled, its deadline passed, or its
  /// connection was lost.
  public var isWaiting: Bool { self.connection.isParked(self.stream, id: self.id) }

  /// Calls `body` with the call, which stays parked; unless nobody waits any more.
  public func look(_ body: (borrowing UnaryCall) -> Void) {
    guard self.isWaiting else { return }
    body(UnaryCall(connection: self.connection, stream: self.stream, method: self.method))
  }

  /// Calls `answer` with the call, to do what a handler does. A late answer is ignored.
  public func resume(_ answer: (borrowing UnaryCall) -> Void) {
    guard self.isWaiting else { return }
    let call = UnaryCall(connection: self.connection, stream: self.stream, method: self.method)
    self.connection.resume(self.stream) { answer(call) }
    self.connection.flush()
  }

  /// As `resume(_:)`, but leaves it to `flushes` to send the answer, with others of its connection.
  public func resume(flushing flushes: LoopFlushes, _ answer: (borrowing UnaryCall) -> Void) {
    guard self.isWaiting else { return }
    let call = UnaryCall(connection: self.connection, stream: self.stream, method: self.method)
    self.connection.resume(self.stream) { answer(call) }
    flushes.add(self.connection)
  }
}
