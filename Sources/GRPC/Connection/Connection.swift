internal import HTTP2
public import NIOCore

/// One HTTP/2 connection on SwiftNIO: feeds the session what is read, lets the subclass act on each
/// ready stream, and writes what the session wants to send. Server and client differ in `advance`.
///
/// One turn, on the connection's event loop, without a hop:
///
///     channelRead          receive 16 KiB -> advance(each ready stream) -> repeat
///     channelReadComplete  pull everything -> one write
public class Connection: ChannelInboundHandler {
  public typealias InboundIn = ByteBuffer
  public typealias OutboundOut = ByteBuffer

  /// How much is fed to the session at a time: bounds what one read can make us answer before the
  /// answers are written.
  private static let feedBytes = 16 << 10

  let session: Session
  let limits: ConnectionLimits
  let resources: LoopResources
  /// Which of our messages are compressed.
  let compression: MessageCompression
  /// What this connection has done. Allocated in `init`, freed in `deinit`.
  let counts: UnsafeMutablePointer<SocketCounts>

  /// What every call of a turn looks at. Allocated in `init`, freed in `deinit`.
  private let turn: UnsafeMutablePointer<Turn>
  /// The channel was told to close, which it does at once, or within TLS once the peer has answered
  /// the goodbye: what still comes meanwhile is dropped, for libnghttp2 may not be asked any more.
  private(set) var isEnding = false
  /// Nil before the connection is up and after it has ended.
  private(set) var context: ChannelHandlerContext?
  /// Streams are being acted on: what that queues goes out when all have had their turn.
  private var isActing = false
  /// False while the socket takes no more; `channelWritabilityChanged` goes on. Kept here because
  /// asking the channel costs as much as a look-up in the store.
  final private(set) var isWritable = true
  /// Nothing stands between the channel and us that must see the bytes on their way.
  private let writesToSocket: Bool
  /// The socket itself, once the channel is active; see `DirectSocket`.
  private var socket: DirectSocket?
  /// What is held beside the answers in the session; see `Connection+Held.swift`.
  final var held = HeldBytes()
  /// Batches that were left to the channel and are not written yet.
  final private(set) var pendingBatches = 0
  /// All bytes that were ever left to the channel.
  final private(set) var leftBytes = 0
  /// Reading was turned off, because there is output that the socket does not take.
  private(set) var isReadHeld = false
  /// A `LoopFlushes` is about to flush.
  final var isFlushDue = false
  /// The session has failed, and the connection is about to be closed.
  private var hasFailed = false
  /// See `Connection+Deadlines.swift`.
  final var deadlineTimer: Scheduled<Void>?
  final var deadlineArmed: NIODeadline?

  /// - Parameter writesToSocket: false where other handlers, such as TLS, must see what is written.
  init(
    session: Session, limits: ConnectionLimits, resources: LoopResources,
    compression: MessageCompression, writesToSocket: Bool
  ) {
    self.session = session
    self.writesToSocket = writesToSocket
    self.limits = limits
    self.resources = resources
    self.compression = compression
    self.turn = .allocate(capacity: 1)
    self.turn.initialize(to: Turn(now: resources.now))
    self.counts = .allocate(capacity: 1)
    self.counts.initialize(to: SocketCounts())
  }

  deinit {
    self.counts.deallocate()
    self.turn.deallocate()
  }

  /// When this turn began: one clock read for all calls of a batch.
  final var now: NIODeadline { self.turn.pointee.now }

  /// Inside `channelRead`: what is queued meanwhile goes out at the end of the read.
  final var isReading: Bool { self.turn.pointee.isReading }

  /// The connection is on its channel, which was not told to close.
  final var isUp: Bool { self.turn.pointee.isUp }

  /// The connections of the server together have room for more, as of the beginning of the turn.
  final var hasServerRoom: Bool { self.turn.pointee.hasServerRoom }

  // MARK: - For the subclass

  /// Something happened to `stream`: its head or body came, it ended, or it closed.
  func advance(_ stream: HTTP2.Stream) { preconditionFailure("a subclass serves the streams") }

  /// The deadline of the call on `stream`; nil: none, or no longer of interest.
  func deadline(of stream: HTTP2.Stream) -> NIODeadline? {
    preconditionFailure("a subclass serves the streams")
  }

  /// `stream`'s deadline has passed.
  func expire(_ stream: HTTP2.Stream) { preconditionFailure("a subclass serves the streams") }

  /// Bytes were received or sent: the peer may have said goodbye or answered a PING.
  func turnEnded() {}

  /// All that one read of `bytes` brought was acted on.
  func readEnded(bytes: Int) {}

  /// A message came whole on a streaming call, `bytes` long without its prefix.
  func messageReceived(on stream: HTTP2.Stream, bytes: Int) {
    self.counts.pointee.received(at: self.now)
  }

  /// A message was queued on a streaming call, `bytes` long without its prefix.
  func messageSent(on stream: HTTP2.Stream, bytes: Int) {
    self.counts.pointee.sent(at: self.now)
  }

  /// The connection is gone, and every stream was closed.
  func ended() {}

  /// Sends what is queued: now, or at the end of the turn under way.
  public final func flush() {
    if !self.isReading && !self.isActing { self.writeOutput() }
  }

  /// Reads the clock anew where no read has just done so, here or, as `known`, elsewhere.
  final func readClock(_ known: NIODeadline? = nil) {
    guard !self.isReading else { return }
    self.turn.pointee.now = known ?? self.resources.now
    self.turn.pointee.hasServerRoom = self.resources.load.hasRoom
  }

  /// Closes the connection once what is queued has been written.
  final func closeAfterFlush() {
    self.writeOutput()
    self.closeChannel()
  }

  /// Closes the connection, whatever is under way.
  final func closeChannel() {
    self.isEnding = true
    self.turn.pointee.isUp = false
    self.context?.close(promise: nil)
  }

  /// Closes the connection without waiting for the peer to take what was said to it.
  final func abandonChannel() {
    self.context?.triggerUserOutboundEvent(LingeringClose.Event.doNotLinger, promise: nil)
    self.closeChannel()
  }

  /// Does `body`, and sends what that queued once it has returned.
  final func batch(_ body: () -> Void) {
    self.isActing = true
    body()
    self.isActing = false
    self.flush()
  }

  // MARK: - Channel events

  public func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    self.turn.pointee.isUp = !self.isEnding
    guard context.channel.isActive else { return }
    self.openSocket(context)
    self.writeOutput()
  }

  public func channelActive(context: ChannelHandlerContext) {
    self.openSocket(context)
    // Our SETTINGS, without waiting for the peer's first bytes.
    self.writeOutput()
    context.fireChannelActive()
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if self.isEnding { return }
    self.readClock()
    self.turn.pointee.isReading = true
    let input = self.unwrapInboundIn(data)
    input.withUnsafeReadableBytes { bytes in
      self.counts.pointee.bytesReceived += bytes.count
      var rest = bytes
      repeat {
        self.feed(UnsafeRawBufferPointer(rebasing: rest.prefix(Self.feedBytes)))
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(Self.feedBytes))
        if !rest.isEmpty { self.writeOutput() }
      } while !rest.isEmpty && self.context != nil && !self.isEnding
    }
    self.readEnded(bytes: input.readableBytes)
    self.turn.pointee.isReading = false
  }

  public func channelReadComplete(context: ChannelHandlerContext) {
    // Not passed on: there is no handler behind this one.
    self.writeOutput()
  }

  public func channelWritabilityChanged(context: ChannelHandlerContext) {
    self.isWritable = context.channel.isWritable
    // Not while the channel closes: its socket may be another connection's by then.
    if self.isWritable && context.channel.isActive { self.writeOutput() }
  }

  public func channelInactive(context: ChannelHandlerContext) {
    self.end()
    context.fireChannelInactive()
  }

  public func handlerRemoved(context: ChannelHandlerContext) { self.end() }

  public func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The socket broke: a reset by the peer, mostly. Streams learn of it when the channel closes.
    self.closeChannel()
  }

  // MARK: - Private

  private func openSocket(_ context: ChannelHandlerContext) {
    if self.writesToSocket { self.socket = DirectSocket(context.channel) }
  }

  private func feed(_ bytes: UnsafeRawBufferPointer) {
    // What is read before the channel has closed.
    guard !self.hasFailed else { return }
    do {
      try self.session.receive(bytes, now: self.now.uptimeNanoseconds)
    } catch {
      self.fail(error)
      return
    }
    self.act()
  }

  private func act() {
    // Nested where an action ends the connection.
    let wasActing = self.isActing
    self.isActing = true
    defer { self.isActing = wasActing }
    while let stream = self.session.nextReady() {
      self.advance(stream)
      self.session.done(stream)
    }
    self.turnEnded()
  }

  private func fail(_ error: SessionError) {
    self.hasFailed = true
    self.sessionFailed(error)
    self.closeAfterFlush()
  }

  /// The peer broke the protocol; the connection is about to be closed.
  func sessionFailed(_ error: SessionError) {}

  private func writeOutput() {
    self.writeAll()
    self.settle()
  }

  private func writeAll() {
    guard let context = self.context, !self.isEnding else { return }
    var hasMore = true
    while hasMore {
      guard self.isWritable else { return self.holdRead(context) }
      hasMore = self.writeBatch(context)
      // A write that finds the socket broken ends the connection before it returns. The streams are
      // gone then, and libnghttp2, which does not know, must not be asked for their frames.
      guard self.context != nil else { return }
      guard !hasMore && self.session.hasReady else { continue }
      // Streams that ended with this write and whose end somebody waits for. Window that they held
      // goes back to the peer, which may have nothing to say before it gets it.
      self.act()
      guard self.context != nil else { return }
      hasMore = self.session.wantsWrite
    }
    if self.isReadHeld { self.resumeRead(context) }
    self.closeIfDone()
  }

  /// Closes a connection that has nothing more to hear or to say, once all of it is written.
  private func closeIfDone() {
    guard self.pendingBatches == 0, !self.session.wantsRead, !self.session.wantsWrite else {
      return
    }
    self.closeChannel()
  }

  /// A peer that does not read is not read from either: what it asks for would pile up here.
  private func holdRead(_ context: ChannelHandlerContext) {
    guard !self.isReadHeld else { return }
    self.isReadHeld = true
    self.setAutoRead(false, context)
  }

  private func resumeRead(_ context: ChannelHandlerContext) {
    self.isReadHeld = false
    self.setAutoRead(true, context)
  }

  private func setAutoRead(_ isOn: Bool, _ context: ChannelHandlerContext) {
    self.setOption(.autoRead, isOn, context)
  }

  /// Has the socket read with `allocator` from now on.
  final func setReadAllocator(_ allocator: AdaptiveRecvByteBufferAllocator) {
    guard let context = self.context else { return }
    self.setOption(.recvAllocator, allocator, context)
  }

  private func setOption<Option: ChannelOption>(
    _ option: Option, _ value: Option.Value, _ context: ChannelHandlerContext
  ) {
    do {
      try context.channel.syncOptions?.setOption(option, value: value)
    } catch {
      // The channel is closed, and reads no more in any case.
    }
  }

  /// Writes at most the free part of one buffer; true if there is more.
  private func writeBatch(_ context: ChannelHandlerContext) -> Bool {
    let resources = self.resources
    resources.output.clear()
    do {
      var hasMore = false
      try resources.output.writeWithOutputRawSpan(minimumWritableBytes: Session.frameMaxBytes) {
        (output: inout OutputRawSpan) throws(SessionError) in
        hasMore = try self.session.pull(into: &output)
      }
      guard resources.output.readableBytes > 0 else { return false }
      self.send(context)
      return hasMore
    } catch {
      self.sessionFailed(error)
      self.closeChannel()
      return false
    }
  }

  /// Offers the batch to the kernel, and leaves to the channel what it does not take.
  private func send(_ context: ChannelHandlerContext) {
    self.counts.pointee.bytesSent += self.resources.output.readableBytes
    if self.pendingBatches == 0, let socket = self.socket {
      let written = self.resources.output.withUnsafeReadableBytes { socket.write($0) }
      self.resources.output.moveReaderIndex(forwardBy: written)
    }
    guard self.resources.output.readableBytes > 0 else { return }
    let rest = self.leftover()
    let count = rest.readableBytes
    self.pendingBatches += 1
    self.held.pending += count
    self.leftBytes += count
    let written = context.eventLoop.makePromise(of: Void.self)
    // Written or not: a channel that cannot write closes.
    written.futureResult.assumeIsolated().whenComplete { _ in
      self.pendingBatches -= 1
      guard self.context != nil else { return }
      self.held.pending -= count
      self.settle()
      self.closeIfDone()
    }
    context.writeAndFlush(self.wrapOutboundOut(rest), promise: written)
  }

  /// What the channel is to write. The kernel has just refused it, so it may wait for long: a copy of
  /// a few bytes, rather than the loop's whole buffer, which every stalled connection would keep.
  private func leftover() -> ByteBuffer {
    let output = self.resources.output
    guard self.socket != nil && output.readableBytes <= output.storageCapacity / 2 else {
      return output
    }
    return ByteBuffer(bytes: output.readableBytesView)
  }

  private func end() {
    guard let eventLoop = self.context?.eventLoop else { return }
    self.stopDeadlines()
    // First, so that what the streams' ends set off finds the connection ended.
    self.context = nil
    self.turn.pointee.isUp = false
    self.socket = nil
    let many = self.session.peakStreams >= LoopResources.manyStreams
    if !many || !self.resources.finishLater(self, on: eventLoop) { self.finish() }
  }

  /// Ends the streams of a connection that is gone, once.
  final func finish() {
    self.session.closeAllStreams(.cancel)
    self.act()
    self.settleForGood()
    self.ended()
  }
}
