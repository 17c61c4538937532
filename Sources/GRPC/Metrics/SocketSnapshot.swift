internal import HTTP2
public import NIOCore

/// One socket at one moment, as channelz shows it.
public struct SocketSnapshot: Sendable {
  /// Positive, and never given twice in the life of the process.
  public let id: Int64
  public internal(set) var local: SocketAddress?
  /// Nil for a socket that listens.
  public internal(set) var remote: SocketAddress?
  /// The cipher suite, as IANA spells it; nil without TLS.
  public internal(set) var cipherSuite: String?
  /// Nil for a socket that listens.
  public internal(set) var traffic: Traffic?

  /// What has happened on a connection. Times are nil for what never happened.
  public struct Traffic: Sendable {
    public let streamsStarted: Int
    /// Ended by the server, with any status.
    public let streamsSucceeded: Int
    /// Cut off: reset by either end.
    public let streamsFailed: Int
    public let messagesSent: Int
    public let messagesReceived: Int
    /// PINGs.
    public let keepAlivesSent: Int
    public let lastStreamAt: NIODeadline?
    public let lastMessageSentAt: NIODeadline?
    public let lastMessageReceivedAt: NIODeadline?
    /// Bytes that the other end lets us send on the connection.
    public let sendWindowBytes: Int
    /// Bytes that we let the other end send on the connection.
    public let receiveWindowBytes: Int
    /// The streams are opened by this end.
    public let isClient: Bool
  }
}

extension SocketSnapshot.Traffic {
  init(_ connection: Connection) {
    let counts = connection.counts.pointee
    let session = connection.session
    self.streamsStarted = counts.streamsStarted
    self.streamsSucceeded = counts.streamsEnded - counts.streamsFailed
    self.streamsFailed = counts.streamsFailed
    self.messagesSent = counts.messagesSent
    self.messagesReceived = counts.messagesReceived
    self.keepAlivesSent = session.frameCounts.pingsSent
    self.lastStreamAt = counts.lastStreamAt.unlessNever
    self.lastMessageSentAt = counts.lastSentAt.unlessNever
    self.lastMessageReceivedAt = counts.lastReceivedAt.unlessNever
    self.sendWindowBytes = session.sendWindowBytes
    self.receiveWindowBytes = session.receiveWindowBytes
    self.isClient = session.role == .client
  }
}

extension NIODeadline {
  fileprivate var unlessNever: NIODeadline? { self.uptimeNanoseconds == 0 ? nil : self }
}
