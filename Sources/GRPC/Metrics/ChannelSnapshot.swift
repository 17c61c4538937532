public import NIOCore

/// One client channel at one moment, as channelz shows it.
public struct ChannelSnapshot: Sendable {
  /// What a channel is doing (grpc/grpc, doc/connectivity-semantics-and-api.md); the raw value is
  /// the state's name there.
  public enum State: String, Sendable {
    case idle = "IDLE"
    case connecting = "CONNECTING"
    case ready = "READY"
    case transientFailure = "TRANSIENT_FAILURE"
    case shutdown = "SHUTDOWN"
  }

  /// Positive, and never given twice in the life of the process.
  public let id: Int64
  /// The server, as `host:port`.
  public let target: String
  public let state: State
  /// One that is tried again counts each time.
  public internal(set) var callsStarted = 0
  /// Of the calls that ended, those with status OK.
  public internal(set) var callsSucceeded = 0
  public internal(set) var callsFailed = 0
  /// Nil: never.
  public internal(set) var lastCallStartedAt: NIODeadline?
  /// Its connections that are open.
  public internal(set) var sockets: [SocketSnapshot] = []
}

/// What a channel counts of its calls, those of closed connections included.
struct ChannelCounts {
  /// Ended before there was a connection to make them on.
  var callsUnsent = 0
  var callsStarted = 0
  var callsEnded = 0
  var callsOK = 0
  var lastStreamAt = NIODeadline.uptimeNanoseconds(0)

  /// Adds what was done on one connection.
  mutating func add(_ counts: SocketCounts) {
    self.callsStarted += counts.streamsStarted
    self.callsEnded += counts.streamsEnded
    self.callsOK += counts.callsOK
    self.lastStreamAt = max(self.lastStreamAt, counts.lastStreamAt)
  }
}
