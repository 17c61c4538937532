internal import HTTP2

/// The limits of a server that a peer can run into, each counted when it does. The raw value is the
/// name of its setting.
public enum PeerLimit: String, CaseIterable, Sendable {
  // What is open at once.
  case connectionsMax = "connections-max"
  case connectionsPerAddressMax = "connections-per-address-max"
  case streamsMax = "streams-max"
  case handlersMax = "handlers-max"

  // Sizes.
  case messageMax = "message-max"
  case headerListMax = "header-list-max"
  case requestBufferMax = "request-buffer-max"
  case answerBufferMax = "answer-buffer-max"
  case buffersMax = "buffers-max"

  /// Of the connections to other nodes; the peer is the client whose call was for such a node.
  case peerCallsMax = "peer-calls-max"
  /// Of the clock of another node.
  case clockSkewMax = "clock-skew-max"
  /// Of calls for keys that are on their way to this node.
  case handoverCallsMax = "handover-calls-max"
  case handoverWait = "handover-wait"

  // How often calls may come.
  case rateLimitPerClient = "rate-limit-per-client"
  /// Of a namespace.
  case rateLimit = "rate-limit"

  // What only an attack, or a broken client, runs into: the connection ends.
  case controlFramesPerSecond = "control-frames-per-second"
  case faultsPerSecond = "faults-per-second"
  case streamResetsPerSecond = "stream-resets-per-second"
  case pingIntervalMin = "ping-interval-min"
  case continuationsMax = "continuations-max"
  case settingsEntriesMax = "settings-entries-max"
  case outboundAcksMax = "outbound-acks-max"

  // Times.
  case handshakeTimeout = "handshake-timeout"
  case prefaceTimeout = "preface-timeout"
  case headerTimeout = "header-timeout"
  case bodyTimeout = "body-timeout"
  case writeTimeout = "write-timeout"
  case keepaliveTimeout = "keepalive-timeout"
  case idleTimeout = "idle-timeout"
  case connectionAgeMax = "connection-age-max"
  case connectionAgeGrace = "connection-age-grace"

  init(_ limit: SessionLimit) {
    switch limit {
    case .controlFrames: self = .controlFramesPerSecond
    case .faults: self = .faultsPerSecond
    case .streamResets: self = .streamResetsPerSecond
    case .pings: self = .pingIntervalMin
    case .continuations: self = .continuationsMax
    case .settingsEntries: self = .settingsEntriesMax
    case .outboundAcks: self = .outboundAcksMax
    case .headerList: self = .headerListMax
    }
  }
}

/// How often each limit was reached. One for each event loop, used on that loop only.
struct LimitHits {
  private var counts = [Int](repeating: 0, count: PeerLimit.allCases.count)

  /// In the order of `PeerLimit.allCases`.
  var all: [Int] { self.counts }

  mutating func count(_ limit: PeerLimit, times: Int = 1) {
    self.counts[Self.index[limit, default: 0]] += times
  }

  private static let index = Dictionary(
    uniqueKeysWithValues: PeerLimit.allCases.enumerated().map { ($1, $0) })
}
