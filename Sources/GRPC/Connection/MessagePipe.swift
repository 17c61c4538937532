internal import HTTP2
internal import NIOCore
internal import Wire

/// Carries the messages of one streaming call between its stream, which lives on an event loop, and
/// the task that serves or makes the call. Both directions push back: a reader that is slow stops
/// crediting the peer's window, and a writer waits while the peer does not read.
///
/// `@unchecked Sendable`: everything mutable is used on the event loop only.
final class MessagePipe: @unchecked Sendable {
  typealias Messages = NIOThrowingAsyncSequenceProducer<
    ReceivedMessage, any Error,
    NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Demand
  >

  /// Bytes of a stream waiting for the peer's window before a writer is held back.
  static let outboxMaxBytes = 64 << 10

  let eventLoop: any EventLoop
  let messages: Messages
  private let source: Messages.Source
  private let messageMaxBytes: Int

  /// What the peer compresses with.
  var inboundEncoding = MessageEncoding.identity
  /// What we compress with, where `MessageCompression` has a message compressed.
  private(set) var outboundEncoding = MessageEncoding.identity
  /// Nil once the stream is closed.
  private var end: (connection: Connection, stream: HTTP2.Stream)?
  /// A message waits for the reader.
  private(set) var isInboxFull = false
  /// Messages that came whole.
  private(set) var messagesReceived = 0
  /// Bytes of the message that waits for the reader.
  private(set) var inboxBytes = 0
  /// The reader went away, or everything was delivered.
  private var isInboxClosed = false
  private var isOutboxFinished = false
  private var waitingWriters: [CheckedContinuation<Void, any Error>] = []
  private var closeReason: Status?
  /// Called once, when the stream has ended, with how.
  var whenClosed: ((Status) -> Void)?
  /// Called on the loop when the reader stops before the end.
  private let readerLeft: (MessagePipe) -> Void

  init(
    connection: Connection, stream: HTTP2.Stream, eventLoop: any EventLoop,
    outboundEncoding: MessageEncoding, messageMaxBytes: Int,
    readerLeft: @escaping (MessagePipe) -> Void
  ) {
    self.outboundEncoding = outboundEncoding
    self.eventLoop = eventLoop
    self.messageMaxBytes = messageMaxBytes
    self.end = (connection, stream)
    self.readerLeft = readerLeft
    let demand = Demand()
    let new = Messages.makeSequence(
      elementType: ReceivedMessage.self,
      // One message waits for the reader, the others in the stream, where their bytes are counted.
      backPressureStrategy: .init(lowWatermark: 1, highWatermark: 1),
      finishOnDeinit: false, delegate: demand)
    self.messages = new.sequence
    self.source = new.source
    demand.attach(self)
  }

  // MARK: - On the event loop

  /// The stream, while it is open.
  var stream: HTTP2.Stream? { self.end?.stream }

  /// Hands the whole messages that have come to the reader, and credits the peer.
  ///
  /// - Throws: what is wrong with the framing; the call cannot go on.
  func deliver() throws(FramingError) {
    guard let (connection, stream) = self.end else { return }
    try self.yieldMessages(of: stream, on: connection, heedingReader: true)
    if !self.isInboxFull {
      connection.session.credit(stream)
      if stream.isEndReceived && !self.isInboxClosed {
        guard stream.inboundCount == 0 else { throw .truncated }
        self.closeInbox(nil)
      }
    }
  }

  /// Hands over all messages that have come, however many wait already: the stream has ended, and
  /// does not keep them. What the peer's window let through bounds them.
  ///
  /// - Throws: what is wrong with the framing, once the messages before it are handed over.
  func deliverRest() throws(FramingError) {
    guard let (connection, stream) = self.end else { return }
    try self.yieldMessages(of: stream, on: connection, heedingReader: false)
    guard stream.inboundCount == 0 else { throw .truncated }
  }

  private func yieldMessages(
    of stream: HTTP2.Stream, on connection: Connection, heedingReader: Bool
  ) throws(FramingError) {
    while !(heedingReader && self.isInboxFull) && !self.isInboxClosed {
      guard
        let prefix = try MessagePrefix.parse(
          stream.inboundBytes, messageMaxBytes: self.messageMaxBytes,
          encoding: self.inboundEncoding),
        stream.inboundCount >= MessagePrefix.byteCount + prefix.length
      else { break }
      let whole = MessagePrefix.byteCount + prefix.length
      let bytes = stream.inboundBytes.extracting(MessagePrefix.byteCount..<whole)
      let message =
        prefix.isCompressed
        ? try self.inflated(bytes, on: connection) : bytes.withUnsafeBytes { ByteBuffer(bytes: $0) }
      stream.consumeInbound(whole)
      self.messagesReceived += 1
      connection.messageReceived(on: stream, bytes: prefix.length)
      // Otherwise a reader was waiting, and has it already.
      let received = ReceivedMessage(bytes: message, wasCompressed: prefix.isCompressed)
      guard case .stopProducing = self.source.yield(received) else { continue }
      self.isInboxFull = true
      self.inboxBytes += message.readableBytes
    }
    if self.isInboxClosed { stream.discardInbound() }
  }

  private func inflated(
    _ message: RawSpan, on connection: Connection
  ) throws(FramingError) -> ByteBuffer {
    var buffer = ByteBuffer()
    // What waits for the reader counts: a stream may end with more messages than it has room for.
    let maxBytes = max(0, connection.inflatedMaxBytes - self.inboxBytes)
    try connection.resources.codec.inflate(message, self.inboundEncoding, maxBytes: maxBytes) {
      buffer = ByteBuffer(bytes: $0)
    }
    return buffer
  }

  /// Has messages compressed with `encoding`; too late once the first was sent.
  func setOutboundEncoding(_ encoding: MessageEncoding) {
    guard let stream = self.end?.stream, !stream.isHeadSubmitted else { return }
    self.outboundEncoding = encoding
  }

  /// Lets writers go on that waited for the peer to read, if it has.
  func drainedIfWaiting() {
    guard !self.waitingWriters.isEmpty, let stream = self.end?.stream, stream.drainMark == nil
    else { return }
    let writers = self.waitingWriters
    self.waitingWriters = []
    for writer in writers { writer.resume() }
  }

  /// No more messages will come: the reader sees the end, or `failure`.
  func closeInbox(_ failure: Status?) {
    guard !self.isInboxClosed else { return }
    self.isInboxClosed = true
    if let failure { self.source.finish(failure) } else { self.source.finish() }
  }

  /// No messages will be sent after those that were. Client role; a server ends with trailers.
  func finishOutbox() {
    guard let (connection, stream) = self.end, !self.isOutboxFinished else { return }
    self.isOutboxFinished = true
    connection.session.finish(stream)
    connection.flush()
  }

  /// The stream has ended; `reason` is what readers and writers are told that still wait.
  func close(_ reason: Status) {
    guard self.end != nil else { return }
    self.end = nil
    self.closeInbox(reason.code == .ok ? nil : reason)
    let told = reason.code == .ok ? Status(.cancelled, "the call has ended") : reason
    self.closeReason = told
    for writer in self.waitingWriters { writer.resume(throwing: told) }
    self.waitingWriters = []
    self.whenClosed?(reason)
    self.whenClosed = nil
  }

  // MARK: - From the task

  /// Sends one message; returns when there is room for another.
  func send(
    _ message: ByteBuffer, mayCompress: Bool,
    beforeEach: @escaping @Sendable (Connection, HTTP2.Stream) -> Void
  ) async throws {
    try await withCheckedThrowingContinuation { continuation in
      self.eventLoop.execute {
        self.enqueue(message, mayCompress: mayCompress, beforeEach, continuation)
      }
    }
  }

  private func enqueue(
    _ message: ByteBuffer, mayCompress: Bool, _ beforeEach: (Connection, HTTP2.Stream) -> Void,
    _ continuation: CheckedContinuation<Void, any Error>
  ) {
    guard let (connection, stream) = self.end else {
      continuation.resume(throwing: self.closeReason ?? Status(.cancelled))
      return
    }
    guard !self.isOutboxFinished else {
      continuation.resume(throwing: Status(.internal, "a message after the last of the call"))
      return
    }
    beforeEach(connection, stream)
    let size = message.readableBytes
    let before = stream.outboundCount
    if mayCompress && self.outboundEncoding != .identity && connection.compression.covers(size) {
      _ = connection.appendCompressed(to: stream, self.outboundEncoding, size: size) { output in
        output.append(bytes: message.readableBytesSpan)
      }
    } else {
      connection.session.append(to: stream, size: MessagePrefix.byteCount + size) { output in
        MessagePrefix.write(length: size, into: &output)
        output.append(bytes: message.readableBytesSpan)
      }
    }
    connection.readClock()
    connection.messageSent(
      on: stream, bytes: stream.outboundCount - before - MessagePrefix.byteCount)
    if stream.outboundCount > Self.outboxMaxBytes {
      stream.drainMark = Self.outboxMaxBytes / 2
      self.waitingWriters.append(continuation)
      connection.flush()
    } else {
      connection.flush()
      continuation.resume()
    }
  }

  fileprivate func readerWantsMore() {
    self.isInboxFull = false
    self.inboxBytes = 0
    guard let (connection, stream) = self.end else { return }
    // As if the peer had just sent what is waiting.
    connection.advance(stream)
    connection.flush()
  }

  fileprivate func readerEnded() {
    guard !self.isInboxClosed else { return }
    self.isInboxClosed = true
    self.isInboxFull = false
    self.readerLeft(self)
    self.readerWantsMore()
  }

  /// Brings the reader's wishes to the loop, whichever thread they come from.
  ///
  /// `@unchecked Sendable`: `pipe` is set once, before anyone can read messages.
  final class Demand: NIOAsyncSequenceProducerDelegate, @unchecked Sendable {
    private weak var pipe: MessagePipe?

    fileprivate func attach(_ pipe: MessagePipe) { self.pipe = pipe }

    func produceMore() {
      guard let pipe = self.pipe else { return }
      pipe.eventLoop.execute { pipe.readerWantsMore() }
    }

    func didTerminate() {
      guard let pipe = self.pipe else { return }
      pipe.eventLoop.execute { pipe.readerEnded() }
    }
  }
}
