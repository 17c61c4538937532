internal import NIOCore

/// What a client's connection keeps of one call.
struct ClientCall: CallState, ~Copyable {
  enum Phase {
    /// Not begun. Can go to `waiting` or `streaming`.
    case new
    /// A unary call whose answer has no head yet. Can go to `receiving` or `ended`.
    case waiting
    /// A unary call whose answer is coming. Can go to `ended`.
    case receiving
    /// A streaming call; its messages go to a task. Can go to `ended`.
    case streaming
    /// The caller was told how it ended; what the server still sends is dropped.
    case ended
  }

  var phase = Phase.new
  /// When the caller stops waiting; nil: never.
  var deadline: NIODeadline?
  /// What the server compresses its messages with, once its head was looked at.
  var encoding = MessageEncoding.identity
  /// Bytes counted against the connection's `requestBufferMaxBytes`.
  var bufferedBytes = 0
  /// Who is told of the answer to a unary call.
  var receiver: (any UnaryReceiver)?
  var tag: UInt64 = 0
  /// The async side of a streaming call, and whether its head was looked at.
  var pipe: MessagePipe?
  var isHeadJudged = false
}

/// A call on one connection. Ids are used once in the life of a connection, so that one of a call
/// that has ended does no harm; on another connection it means another call.
public struct CallID: Hashable, Sendable {
  let stream: Int32
}
