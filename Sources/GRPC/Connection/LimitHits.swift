/// The limits of a server that a peer can run into, each counted when it does. The raw value is the
/// name of its setting.
public enum PeerLimit: String, CaseIterable, Sendable {
  case connectionsMax = "connections-max"
  case handshakeTimeout = "handshake-timeout"
  case messageMax = "message-max"
  case headerListMax = "header-list-max"
  case requestBufferMax = "request-buffer-max"
  case answerBufferMax = "answer-buffer-max"
  case rateLimitPerClient = "rate-limit-per-client"
  /// Of a namespace.
  case rateLimit = "rate-limit"
}

/// How often each limit was reached. One for each event loop, used on that loop only.
struct LimitHits {
  private var counts = [Int](repeating: 0, count: PeerLimit.allCases.count)

  /// In the order of `PeerLimit.allCases`.
  var all: [Int] { self.counts }

  mutating func count(_ limit: PeerLimit) { self.counts[Self.index[limit, default: 0]] += 1 }

  private static let index = Dictionary(
    uniqueKeysWithValues: PeerLimit.allCases.enumerated().map { ($1, $0) })
}
