internal import NIOCore

/// One call as its server sees it.
struct ServerCall: CallState, ~Copyable {
  enum Phase {
    /// The head is not here yet. Can go to any other.
    case new
    /// The message of a unary call is being received. Can go to `serving` or `answered`.
    case receiving
    /// The handler runs. Can go to `replying`, `parked` or `answered`.
    case serving
    /// The handler appends to a reply. Can go to `answered`.
    case replying
    /// The handler answers later. Can go to `serving` or `answered`.
    case parked
    /// A task serves the call. Can go to `answered`.
    case streaming
    /// The answer is on its way; what the client still sends is dropped.
    case answered
  }

  var phase = Phase.new
  /// Index into the router's handlers.
  var handler = 0
  /// When the client stops waiting; nil: never.
  var deadline: NIODeadline?
  /// Bytes counted against the connection's `requestBufferMaxBytes`.
  var bufferedBytes = 0
  /// The async side, of a streaming call.
  var pipe: MessagePipe?
  var task: Task<Void, Never>?
}
