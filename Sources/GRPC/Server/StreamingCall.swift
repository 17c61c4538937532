internal import HTTP2
public import NIOCore

/// A streaming call as its handler sees it.
public final class StreamingCall: Sendable {
  /// Position in the paths the service registered.
  public let method: Int
  public let metadata: Metadata
  /// How often the client says that it tried before (gRFC A6); 0 where it says nothing.
  public let previousAttempts: Int
  /// When the client stops waiting; nil: never.
  public let deadline: NIODeadline?
  /// Who makes the call, as an interceptor found out.
  public let caller: (any AnyObject & Sendable)?
  private let accepts: EncodingSet
  private let answer: AnswerMetadata
  private let pipe: MessagePipe

  init(
    method: Int, metadata: Metadata, previousAttempts: Int, deadline: NIODeadline?,
    caller: (any AnyObject & Sendable)?, accepts: EncodingSet, answer: AnswerMetadata,
    pipe: MessagePipe
  ) {
    self.method = method
    self.metadata = metadata
    self.previousAttempts = previousAttempts
    self.deadline = deadline
    self.caller = caller
    self.accepts = accepts
    self.answer = answer
    self.pipe = pipe
  }

  /// The client's messages, in order, until it has sent its last. One reader, of these or of
  /// `receivedMessages`.
  public var messages: some AsyncSequence<ByteBuffer, any Error> {
    self.pipe.messages.map(\.bytes)
  }

  /// `messages`, with how each of them came.
  public var receivedMessages: some AsyncSequence<ReceivedMessage, any Error> {
    self.pipe.messages
  }

  /// The one message of a call whose method takes no more, once the client has said that it was the
  /// last.
  ///
  /// - Throws: UNIMPLEMENTED where there is none, or a second one (grpc/grpc, doc/statuscodes.md).
  public func onlyMessage() async throws -> ByteBuffer {
    let messages = self.pipe.messages.makeAsyncIterator()
    guard let message = try await messages.next() else {
      throw Status(.unimplemented, "the method takes one message, and this call had none")
    }
    guard try await messages.next() == nil else {
      throw Status(.unimplemented, "the method takes one message, and this call had more")
    }
    return message.bytes
  }

  /// Has messages compressed with `encoding` instead of what the server is configured for;
  /// `.identity`: not at all. Before the first message, which it is announced with. Messages outside
  /// the server's sizes for compression, and those that would get no smaller, are sent as they are;
  /// so are all where the client does not take it.
  public func setCompression(_ encoding: MessageEncoding) {
    let pipe = self.pipe
    let accepted = self.accepts.contains(EncodingSet(encoding)) ? encoding : .identity
    // In order with the messages, which go the same way.
    pipe.eventLoop.execute { pipe.setOutboundEncoding(accepted) }
  }

  /// Adds metadata before the messages. Before the first message.
  ///
  /// - Throws: INTERNAL where all of it would be over 8 KiB, 32 bytes for each field included, or a
  ///   message was sent.
  public func addInitialMetadata(_ metadata: Metadata) throws(Status) {
    try self.answer.addInitial(metadata)
  }

  /// Adds metadata after the messages, or beside the error.
  ///
  /// - Throws: INTERNAL where all of it would be over 8 KiB, 32 bytes for each field included.
  public func addTrailingMetadata(_ metadata: Metadata) throws(Status) {
    try self.answer.addTrailing(metadata)
  }

  /// Sends one message; returns when there is room for another.
  ///
  /// - Parameter mayCompress: false: sends it as it is, in a call whose messages are compressed.
  /// - Throws: a `Status` when the call has ended: the client cancelled, or is gone.
  public func send(_ message: ByteBuffer, mayCompress: Bool = true) async throws {
    let (pipe, answer) = (self.pipe, self.answer)
    try await pipe.send(message, mayCompress: mayCompress) { connection, stream in
      guard !stream.isHeadSubmitted else { return }
      connection.session.respond(
        stream, head: Trailers.head(pipe.outboundEncoding, answer.takeInitial()))
    }
  }
}

/// One message of a streaming call, and how it came.
public struct ReceivedMessage: Sendable {
  /// The message, decompressed.
  public let bytes: ByteBuffer
  public let wasCompressed: Bool
}
