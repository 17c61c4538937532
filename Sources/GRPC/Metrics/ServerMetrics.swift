internal import HTTP2
public import NIOCore

/// What a server has done since it was made, summed over its event loops. Each loop's part is of one
/// moment.
public struct ServerMetrics: Sendable, Equatable {
  /// Every method of the server, in the order of its registration, and `other` last.
  public internal(set) var methods: [MethodMetrics]
  public internal(set) var connections = ConnectionMetrics()
  /// TLS handshakes that succeeded, and that failed, connections that ended before theirs included.
  public internal(set) var handshakes = 0
  public internal(set) var handshakeFailures = 0
  /// How often peers ran into each limit.
  public internal(set) var limitHits: [PeerLimit: Int] = [:]

  init(paths: [String]) {
    self.methods = paths.map(MethodMetrics.init(path:)) + [MethodMetrics(path: nil)]
  }

  static func += (left: inout Self, right: Self) {
    for index in left.methods.indices { left.methods[index] += right.methods[index] }
    left.connections += right.connections
    left.handshakes += right.handshakes
    left.handshakeFailures += right.handshakeFailures
    left.limitHits.merge(right.limitHits, uniquingKeysWith: +)
  }
}

/// The calls of one method.
public struct MethodMetrics: Sendable, Equatable {
  /// `/package.Service/Method`; nil: of all calls that were refused on their head alone, unknown
  /// methods above all. What clients send never becomes a name.
  public let path: String?
  public internal(set) var started = 0
  /// The calls that ended, by how they did; only those statuses that occurred.
  public internal(set) var ended: [StatusCode: DurationHistogram] = [:]
  /// Messages, and their bytes as they travelled, without prefixes.
  public internal(set) var messagesReceived = 0
  public internal(set) var bytesReceived = 0
  public internal(set) var messagesSent = 0
  public internal(set) var bytesSent = 0

  init(path: String?) { self.path = path }

  static func += (left: inout Self, right: Self) {
    left.started += right.started
    left.ended.merge(right.ended) { left, right in
      var sum = left
      sum += right
      return sum
    }
    left.messagesReceived += right.messagesReceived
    left.bytesReceived += right.bytesReceived
    left.messagesSent += right.messagesSent
    left.bytesSent += right.bytesSent
  }
}

/// The connections of a server.
public struct ConnectionMetrics: Sendable, Equatable {
  public internal(set) var accepted = 0
  /// Closed at once, because `connections-max` was reached.
  public internal(set) var refused = 0
  /// Open now.
  public internal(set) var open = 0
  /// HTTP/2 streams open now.
  public internal(set) var streamsOpen = 0
  /// Bytes of the sockets, HTTP/2 framing included.
  public internal(set) var bytesReceived = 0
  public internal(set) var bytesSent = 0
  /// When a stream was last opened; nil: never.
  public internal(set) var lastStreamAt: NIODeadline?
  public internal(set) var frames = FrameMetrics()

  static func += (left: inout Self, right: Self) {
    left.accepted += right.accepted
    left.refused += right.refused
    left.open += right.open
    left.streamsOpen += right.streamsOpen
    left.bytesReceived += right.bytesReceived
    left.bytesSent += right.bytesSent
    left.lastStreamAt = [left.lastStreamAt, right.lastStreamAt].compactMap { $0 }.max()
    left.frames += right.frames
  }
}

/// HTTP/2 frames that tell of trouble, or of peers that watch closely.
public struct FrameMetrics: Sendable, Equatable {
  /// RST_STREAM.
  public internal(set) var resetsReceived = 0
  public internal(set) var resetsSent = 0
  /// GOAWAY.
  public internal(set) var goAwaysReceived = 0
  public internal(set) var goAwaysSent = 0
  /// PING, without acknowledgements.
  public internal(set) var pingsReceived = 0
  public internal(set) var pingsSent = 0

  init() {}

  init(_ counts: FrameCounts) {
    self.resetsReceived = counts.resetsReceived
    self.resetsSent = counts.resetsSent
    self.goAwaysReceived = counts.goAwaysReceived
    self.goAwaysSent = counts.goAwaysSent
    self.pingsReceived = counts.pingsReceived
    self.pingsSent = counts.pingsSent
  }

  static func += (left: inout Self, right: Self) {
    left.resetsReceived += right.resetsReceived
    left.resetsSent += right.resetsSent
    left.goAwaysReceived += right.goAwaysReceived
    left.goAwaysSent += right.goAwaysSent
    left.pingsReceived += right.pingsReceived
    left.pingsSent += right.pingsSent
  }
}
