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
  /// Index into the router's handlers; negative while the head names none of them.
  var handler = -1
  /// When the client stops waiting; nil: never.
  var deadline: NIODeadline?
  /// When the head of the request was read.
  var startedAt = NIODeadline.uptimeNanoseconds(0)
  /// The call's end was told; see `ServerConnection.conclude`.
  var isConcluded = false
  /// How many interceptors were asked.
  var interceptors = 0
  /// Who makes the call, as an interceptor found out.
  var caller: (any AnyObject & Sendable)?
  /// The encoding of the client's messages, those that it takes, and that of ours.
  var encoding = MessageEncoding.identity
  var accepts = EncodingSet()
  var replyEncoding = MessageEncoding.identity
  /// The answer's head does not say which encodings are taken.
  var isTerse = false
  /// The head has a trace context.
  var isTraced = false
  /// The message of a unary call came compressed.
  var wasCompressed = false
  /// What the handler adds to the answer's metadata; nil: nothing.
  var metadata: AnswerMetadata?
  /// Is told if a parked call ends unanswered; and by which name it knows the call.
  var observer: (any ParkedCallObserver)?
  var observerTag: UInt64 = 0
  /// Bytes counted against the connection's `requestBufferMaxBytes`.
  var bufferedBytes = 0
  /// How long a message has been on its way to us, and our answer on its way out.
  var inbound = StallClock()
  var outbound = StallClock()
  /// The async side, of a streaming call.
  var pipe: MessagePipe?
  var task: Task<Void, Never>?
}
