internal import HTTP2
public import NIOCore

/// One HTTP/2 connection in the client role. Used on its event loop only.
///
/// A unary call costs no Task, no future and no allocation of ours: its state is kept beside its
/// stream, and its answer goes to the receiver in the turn in which it came. libnghttp2 holds calls
/// back that are above the server's SETTINGS_MAX_CONCURRENT_STREAMS, in the order they were made.
public final class ClientConnection: Connection {
  /// The server, as `host:port`.
  public let peer: String
  /// What the metadata of one call may take of its header list, as RFC 9113, section 6.5.2, counts it.
  /// Servers take less, mostly 8 KiB in all; libnghttp2 gives up the connection at 64 KiB.
  public static let metadataMaxBytes = 32 << 10

  /// By which channelz knows the connection.
  let id = ChannelzID.next()
  /// Calls that were ever made on the connection.
  public var callsMade: Int { self.counts.pointee.streamsStarted }

  /// Calls whose end the caller was not told yet.
  public var openCalls: Int { self.state.pointee.openCalls }

  let configuration: ClientConfiguration
  let calls = CallTable<ClientCall>()
  /// What every call looks at. Allocated in `init`, freed in `deinit`.
  let state: UnsafeMutablePointer<ClientState>

  private let channel: any Channel
  private let ready: EventLoopPromise<Void>
  private var isReady = false
  /// What callers are told when the connection is lost; nil: no more than that.
  private var endReason: String?
  private let keepsAlive: Bool
  private var keepalive: Keepalive?
  private var keepaliveTimer: Scheduled<Void>?
  /// The farewell was acted on.
  private var isGoAwaySeen = false

  init(channel: any Channel, peer: String, configuration: ClientConfiguration) {
    self.channel = channel
    self.peer = peer
    self.configuration = configuration
    self.ready = channel.eventLoop.makePromise()
    self.state = .allocate(capacity: 1)
    self.state.initialize(to: ClientState(heardAt: .now()))
    self.keepsAlive = configuration.keepaliveInterval != nil
    self.keepalive = configuration.keepaliveInterval.map {
      Keepalive(interval: $0, timeout: configuration.keepaliveTimeout)
    }
    let resources = LoopResources(allocator: channel.allocator)
    super.init(
      session: Session(
        role: .client, configuration: configuration.connection.session, pool: resources.pool),
      limits: configuration.connection, resources: resources,
      compression: configuration.compression, writesToSocket: configuration.tls == nil)
  }

  deinit {
    self.state.deinitialize(count: 1)
    self.state.deallocate()
  }

  // MARK: - State

  /// The connection is up; calls under way can still end well.
  public var isOpen: Bool { self.isUp && !self.state.pointee.isClosing }

  /// A call made now would be taken: the server has not said goodbye, and `callsMax` is not
  /// reached.
  public var canCall: Bool {
    self.isOpen && !self.isLeaving && self.openCalls < self.configuration.callsMax
  }

  /// The server has said goodbye, or stream ids are used up: calls under way may end, and others
  /// are not taken.
  public var isLeaving: Bool { self.state.pointee.isUsedUp || self.session.goAway != nil }

  /// When the server has last said anything.
  public var heardAt: NIODeadline { self.state.pointee.heardAt }

  /// The connection was given up because the server did not answer a PING.
  public private(set) var wasSilent = false

  /// Succeeds once the connection is closed, however that came about.
  public var whenClosed: EventLoopFuture<Void> { self.channel.closeFuture }

  /// The server has said goodbye because it was sent too many PINGs (gRFC A8).
  var hasPingedTooOften: Bool {
    guard let goAway = self.session.goAway else { return false }
    return goAway.code == .enhanceYourCalm && goAway.debugText == SessionLimit.pings.goAwayText
  }

  func isOn(_ channel: any Channel) -> Bool { self.channel === channel }

  /// Succeeds once the server's SETTINGS came; fails with a `Status` if the connection ends before.
  var whenReady: EventLoopFuture<Void> { self.ready.futureResult }

  // MARK: - Start

  /// Puts the connection on its channel, or the TLS handshake that comes before it.
  ///
  /// - Parameter host: as the caller knows the server.
  func install(host: String) throws {
    let pipeline = self.channel.pipeline.syncOperations
    guard let tls = self.configuration.tls else { return try pipeline.addHandler(self) }
    let (handler, server) = try tls.makeHandler(host: host)
    let handshake = TLSHandshake(.client(of: server)) { self.handshakeEnded($0) }
    try pipeline.addHandlers(handler, handshake)
  }

  private func handshakeEnded(_ result: Result<[String], TLSHandshake.Failure>) {
    switch result {
    case .success:
      do {
        return try self.channel.pipeline.syncOperations.addHandler(self)
      } catch {
        self.endReason = ConnectFailure.reason(error)
      }
    case .failure(.refused(let reason)) where !self.state.pointee.isClosing: self.endReason = reason
    // The reason that there was before says more.
    case .failure: break
    }
    self.failReady()
  }

  private func abandonHandshake(because reason: String) {
    guard !self.isReady && !self.state.pointee.isClosing else { return }
    self.state.pointee.isClosing = true
    self.endReason = reason
    self.channel.close(promise: nil)
  }

  // MARK: - Calls

  /// Makes a unary call. It goes out with the next `flush`, or at the end of the turn under way.
  ///
  /// - Parameters:
  ///   - timeout: how long the answer is waited for; nil: for as long as the connection lasts.
  ///   - tellsTimeout: whether the server hears of it, or only of the cancellation when it is over.
  ///   - now: of a caller that has just read the clock, which is spared then.
  ///   - size: of the request message, in bytes.
  ///   - write: puts exactly `size` bytes into the span.
  ///   - receiver: is told of the answer, with `tag`. Kept until then.
  /// - Returns: nil if `canCall` is false, the connection has used up its stream ids, or the metadata
  ///   is over `metadataMaxBytes`. The receiver then hears nothing.
  public func call(
    _ method: ClientMethod, timeout: TimeAmount?, tellsTimeout: Bool = true,
    now: NIODeadline? = nil, metadata: Metadata = Metadata(), size: Int,
    _ write: (inout OutputRawSpan) -> Void, to receiver: any UnaryReceiver, tag: UInt64
  ) -> CallID? {
    guard let stream = self.begin(method, timeout, metadata, .waiting, tellsTimeout, now)
    else {
      return nil
    }
    self.calls.of(stream).pointee.receiver = receiver
    self.calls.of(stream).pointee.tag = tag
    if method.encoding != .identity && self.compression.covers(size) {
      _ = self.appendCompressed(to: stream, method.encoding, size: size, write)
    } else {
      self.session.append(to: stream, size: MessagePrefix.byteCount + size) { output in
        MessagePrefix.write(length: size, into: &output)
        write(&output)
      }
    }
    self.session.finish(stream)
    self.counts.pointee.sent(at: self.now)
    return CallID(stream: stream.id)
  }

  /// Opens a streaming call; its head goes out with the next `flush`.
  ///
  /// - Returns: nil as for `call`.
  public func streaming(
    _ method: ClientMethod, timeout: TimeAmount?, metadata: Metadata = Metadata()
  ) -> ClientStreamingCall? {
    self.streaming(method, timeout: timeout, metadata: metadata, intercepted: nil)
  }

  /// - Parameter intercepted: is told of the call's end.
  func streaming(
    _ method: ClientMethod, timeout: TimeAmount?, metadata: Metadata,
    intercepted: InterceptedClientCall?
  ) -> ClientStreamingCall? {
    guard let stream = self.begin(method, timeout, metadata, .streaming) else { return nil }
    let connection = NIOLoopBound(self, eventLoop: self.channel.eventLoop)
    let pipe = MessagePipe(
      connection: self, stream: stream, eventLoop: self.channel.eventLoop,
      outboundEncoding: method.encoding, messageMaxBytes: self.limits.messageMaxBytes,
      readerLeft: { connection.value.readerLeft($0) })
    if let intercepted { pipe.whenClosed = { intercepted.end($0) } }
    self.calls.of(stream).pointee.pipe = pipe
    return ClientStreamingCall(pipe: pipe) { connection.value.readerLeft($0) }
  }

  /// Gives a call up: the server is told with the next `flush`, and the receiver hears nothing
  /// more. A call that has ended is left alone.
  public func cancel(_ id: CallID) {
    guard let stream = self.session.stream(id.stream),
      self.calls.of(stream).pointee.phase != .ended
    else { return }
    self.calls.of(stream).pointee.receiver = nil
    self.end(stream, Status(.cancelled, "the caller cancelled the call"))
  }

  /// Asks the server for a sign of life, which `heardAt` shows. Servers take it amiss too often.
  public func ping() {
    guard self.isOpen else { return }
    self.session.ping()
    self.flush()
  }

  /// Closes the connection, whose server has been silent for too long.
  public func giveUp() {
    self.wasSilent = true
    self.close(because: "\(self.peer) did not answer a keepalive PING")
  }

  /// Closes the connection. Calls under way fail with UNAVAILABLE.
  public func close() { self.close(because: "the connection to \(self.peer) was closed") }

  func close(because reason: String) {
    guard self.isOpen else { return self.abandonHandshake(because: reason) }
    self.state.pointee.isClosing = true
    self.endReason = reason
    self.session.goAway(.noError)
    self.closeAfterFlush()
  }

  /// Whether the metadata is within `metadataMaxBytes`.
  static func takes(_ metadata: Metadata) -> Bool {
    metadata.isEmpty || metadata.headerListBytes <= Self.metadataMaxBytes
  }

  private func begin(
    _ method: ClientMethod, _ timeout: TimeAmount?, _ metadata: Metadata,
    _ phase: ClientCall.Phase, _ tellsTimeout: Bool = true, _ now: NIODeadline? = nil
  ) -> HTTP2.Stream? {
    guard self.canCall, Self.takes(metadata) else { return nil }
    let head = method.head(timeout: tellsTimeout ? timeout : nil, metadata: metadata)
    guard let stream = self.session.request(head: head) else {
      // 2^30 calls were made (RFC 9113, section 5.1.1).
      self.state.pointee.isUsedUp = true
      return nil
    }
    let call = self.calls.of(stream)
    call.pointee.phase = phase
    stream.reportsClose = true
    self.state.pointee.openCalls += 1
    self.counts.pointee.began(at: self.now)
    if timeout != nil || self.keepsAlive { self.readClock(now) }
    if let timeout {
      let deadline = self.now + timeout
      call.pointee.deadline = deadline
      self.watch(deadline)
    }
    if self.keepsAlive && !self.state.pointee.isKeepaliveArmed {
      self.keepalive?.started(self.now)
      self.checkKeepalive()
    }
    return stream
  }

  // MARK: - Connection

  override func advance(_ stream: HTTP2.Stream) {
    switch self.calls.of(stream).pointee.phase {
    case .waiting, .receiving: self.receive(stream)
    case .streaming: self.deliver(stream)
    case .ended, .new:
      self.session.credit(stream)
      stream.discardInbound()
    }
  }

  override func deadline(of stream: HTTP2.Stream) -> NIODeadline? {
    self.calls.of(stream).pointee.deadline
  }

  override func expire(_ stream: HTTP2.Stream) {
    guard self.calls.of(stream).pointee.phase != .ended else { return }
    self.end(
      stream, Status(.deadlineExceeded, "no answer from \(self.peer) before the deadline"))
  }

  override func turnEnded() {
    if !self.isReady && self.session.isPeerReady {
      self.isReady = true
      self.ready.succeed()
    }
    if !self.isGoAwaySeen, let goAway = self.session.goAway {
      self.isGoAwaySeen = true
      self.refuseAbove(goAway)
    }
    if self.state.pointee.isUsedUp && self.openCalls == 0 { self.close() }
  }

  override func ended() {
    self.keepaliveTimer?.cancel()
    self.keepaliveTimer = nil
    self.state.pointee.isKeepaliveArmed = false
    self.failReady()
  }

  private func failReady() {
    guard !self.isReady else { return }
    self.isReady = true
    let hint = self.configuration.tls == nil ? "; it may want TLS" : ""
    let reason = self.endReason ?? "it closed the connection before HTTP/2 began\(hint)"
    self.ready.fail(Status(.unavailable, "cannot connect to \(self.peer): \(reason)"))
  }

  /// What calls are told that the end of the connection cut off.
  var lost: Status {
    if self.session.goAway == nil && !self.state.pointee.isClosing && !self.session.wantsRead {
      // libnghttp2 itself has said goodbye, which it does only for this.
      return Status(.unavailable, "\(self.peer) broke the HTTP/2 protocol")
    }
    let reason = self.endReason ?? "the connection to \(self.peer) was lost"
    guard let goAway = self.session.goAway, goAway.code != .noError else {
      return Status(.unavailable, reason)
    }
    return Status(
      .unavailable, "\(reason) (GOAWAY \(goAway.code): \(goAway.debugText))")
  }

  override func sessionFailed(_ error: SessionError) {
    self.state.pointee.isClosing = true
    self.endReason = "\(self.peer) broke the HTTP/2 protocol (\(error))"
  }

  public override func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let reason = ConnectFailure.reason(error)
    self.endReason =
      self.isReady ? "the connection to \(self.peer) was lost: \(reason)" : reason
    super.errorCaught(context: context, error: error)
  }

  public override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    super.channelRead(context: context, data: data)
    self.state.pointee.heardAt = self.now
    self.keepalive?.heard(self.now)
  }

  // MARK: - Keepalive

  private func checkKeepalive() {
    self.keepaliveTimer = nil
    self.state.pointee.isKeepaliveArmed = false
    guard let context = self.context, var keepalive = self.keepalive else { return }
    self.readClock()
    let action = keepalive.check(self.now, hasCalls: self.openCalls > 0)
    self.keepalive = keepalive
    let next: NIODeadline
    switch action {
    case .rest: return
    case .wait(let deadline): next = deadline
    case .ping(let deadline):
      next = deadline
      self.session.ping()
      self.flush()
    case .giveUp:
      return self.giveUp()
    }
    self.state.pointee.isKeepaliveArmed = true
    self.keepaliveTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: next) {
      self.checkKeepalive()
    }
  }
}
