internal import HTTP2
internal import NIOCore

/// What every call on a client's connection looks at. In raw memory, for the reason that `Turn` gives.
struct ClientState: ~Copyable {
  /// Calls whose end the caller was not told yet.
  var openCalls = 0
  /// Nothing more goes out, and nothing that comes matters.
  var isClosing = false
  /// The connection has no stream ids left.
  var isUsedUp = false
  /// When a byte last came.
  var heardAt: NIODeadline
  /// The next look at the keepalive is scheduled.
  var isKeepaliveArmed = false
  /// Head and trailers of the last unary answer that was plainly OK.
  var lastHead = BlockMemo()
  var lastTrailers = BlockMemo()
  /// What `lastHead` says of the encoding.
  var lastEncoding = MessageEncoding.identity

  init(heardAt: NIODeadline) { self.heardAt = heardAt }
}
