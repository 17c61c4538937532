internal import HTTP2
internal import NIOCore

/// A stream that carries a call: what server and client have in common.
class CallStream: HTTP2.Stream {
  /// When the caller stops waiting; nil: never, or no longer of interest.
  final var deadline: NIODeadline?
  /// The async side of a streaming call.
  final var pipe: MessagePipe?

  override func prepareForReuse() {
    self.deadline = nil
    self.pipe = nil
  }
}
