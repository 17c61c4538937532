internal import HTTP2
public import NIOCore

/// A streaming call as its caller sees it: both directions at once, each pushing back.
///
/// A call that nobody holds any more, neither itself nor its messages, is cancelled.
public final class ClientStreamingCall: Sendable {
  private let pipe: MessagePipe
  private let giveUp: @Sendable (MessagePipe) -> Void

  init(pipe: MessagePipe, giveUp: @escaping @Sendable (MessagePipe) -> Void) {
    self.pipe = pipe
    self.giveUp = giveUp
  }

  deinit { self.cancel() }

  /// Sends one message; returns when there is room for another. A task that is cancelled meanwhile
  /// cancels the call.
  ///
  /// - Parameter mayCompress: false: sends it as it is, on a channel that compresses.
  /// - Throws: a `Status`: how the call ended, or INTERNAL after `finishSending`.
  public func send(_ message: ByteBuffer, mayCompress: Bool = true) async throws {
    try await withTaskCancellationHandler {
      try await self.pipe.send(message, mayCompress: mayCompress, beforeEach: { _, _ in })
    } onCancel: {
      self.cancel()
    }
  }

  /// Says that no message will follow those sent so far.
  public func finishSending() async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      self.pipe.eventLoop.execute {
        self.pipe.finishOutbox()
        continuation.resume()
      }
    }
  }

  /// The server's messages, in order, until it has sent its last. Throws a `Status` unless the call
  /// ended with OK. One reader; if it stops early or its task is cancelled, the call is cancelled.
  public var messages: some AsyncSequence<ByteBuffer, any Error> { Messages(call: self) }

  /// Ends the call at once; readers and writers that wait are told CANCELLED.
  public func cancel() {
    let (pipe, giveUp) = (self.pipe, self.giveUp)
    pipe.eventLoop.execute { giveUp(pipe) }
  }

  /// Keeps the call alive while its messages are read.
  private struct Messages: AsyncSequence {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let call: ClientStreamingCall

    func makeAsyncIterator() -> Iterator {
      Iterator(call: self.call, base: self.call.pipe.messages.makeAsyncIterator())
    }

    struct Iterator: AsyncIteratorProtocol {
      let call: ClientStreamingCall
      let base: MessagePipe.Messages.AsyncIterator

      mutating func next() async throws -> ByteBuffer? {
        do {
          return try await self.base.next()?.bytes
        } catch is CancellationError {
          throw Status(.cancelled, "the reading task was cancelled")
        }
      }
    }
  }
}
