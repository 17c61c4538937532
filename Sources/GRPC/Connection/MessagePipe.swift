internal import HTTP2
internal import NIOCore

/// Carries the messages of one streaming call between its stream, which lives on an event loop, and
/// the task that serves or makes the call. Both directions push back: a reader that is slow stops
/// crediting the peer's window, and a writer waits while the peer does not read.
///
/// `@unchecked Sendable`: everything mutable is used on the event loop only.
final class MessagePipe: @unchecked Sendable {
  typealias Messages = NIOThrowingAsyncSequenceProducer<
    ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, Demand
  >

  /// Bytes of a stream waiting for the peer's window before a writer is held back.
  static let outboxMaxBytes = 64 << 10

  let eventLoop: any EventLoop
  let messages: Messages
  private let source: Messages.Source
  private let messageMaxBytes: Int

  /// Nil once the stream is closed.
  private var end: (connection: Connection, stream: HTTP2.Stream)?
  private var isInboxFull = false
  /// Bytes of the message that waits for the reader.
  private(set) var inboxBytes = 0
  /// The reader went away, or everything was delivered.
  private var isInboxClosed = false
  private var isOutboxFinished = false
  private var waitingWriters: [CheckedContinuation<Void, any Error>] = []
  private var closeReason: Status?
  /// Called on the loop when the reader stops before the end.
  private let readerLeft: (MessagePipe) -> Void

  init(
    connection: Connection, stream: HTTP2.Stream, eventLoop: any EventLoop,
    readerLeft: @escaping (MessagePipe) -> Void
  ) {
    self.eventLoop = eventLoop
    self.messageMaxBytes = connection.limits.messageMaxBytes
    self.end = (connection, stream)
    self.readerLeft = readerLeft
    let demand = Demand()
    let new = Messages.makeSequence(
      elementType: ByteBuffer.self,
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
    try self.yieldMessages(of: stream, of: connection, heedingReader: true)
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
    try self.yieldMessages(of: stream, of: connection, heedingReader: false)
    guard stream.inboundCount == 0 else { throw .truncated }
  }

  private func yieldMessages(
    of stream: HTTP2.Stream, of connection: Connection, heedingReader: Bool
  ) throws(FramingError) {
    while !(heedingReader && self.isInboxFull) && !self.isInboxClosed {
      guard
        let prefix = try MessagePrefix.parse(
          stream.inboundBytes, messageMaxBytes: self.messageMaxBytes),
        stream.inboundCount >= MessagePrefix.byteCount + prefix.length
      else { break }
      let whole = MessagePrefix.byteCount + prefix.length
      let message = stream.inboundBytes.extracting(MessagePrefix.byteCount..<whole)
        .withUnsafeBytes { ByteBuffer(bytes: $0) }
      stream.consumeInbound(whole)
      connection.messageReceived(on: stream, bytes: prefix.length)
      // Otherwise a reader was waiting, and has it already.
      guard case .stopProducing = self.source.yield(message) else { continue }
      self.isInboxFull = true
      self.inboxBytes += message.readableBytes
    }
    if self.isInboxClosed { stream.discardInbound() }
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
  }

  // MARK: - From the task

  /// Sends one message; returns when there is room for another.
  func send(
    _ message: ByteBuffer, beforeFirst: @escaping @Sendable (Connection, HTTP2.Stream) -> Void
  ) async throws {
    try await withCheckedThrowingContinuation { continuation in
      self.eventLoop.execute { self.enqueue(message, beforeFirst, continuation) }
    }
  }

  private func enqueue(
    _ message: ByteBuffer, _ beforeFirst: (Connection, HTTP2.Stream) -> Void,
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
    beforeFirst(connection, stream)
    connection.session.append(to: stream, size: MessagePrefix.byteCount + message.readableBytes) {
      output in
      MessagePrefix.write(length: message.readableBytes, into: &output)
      message.withUnsafeReadableBytes { bytes in
        output.withUnsafeMutableBytes { target, initialized in
          // The span was made for the prefix and these bytes.
          UnsafeMutableRawBufferPointer(rebasing: target[initialized...]).copyMemory(from: bytes)
          initialized += bytes.count
        }
      }
    }
    connection.readClock()
    connection.messageSent(on: stream, bytes: message.readableBytes)
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
