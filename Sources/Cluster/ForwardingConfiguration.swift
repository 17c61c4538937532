public import CacheStore
public import GRPC
public import NIOCore

/// How a node calls its peers, and for how long it waits for them. Validated where it is configured.
public struct ForwardingConfiguration: Sendable {
  /// Of this node, as the others know it.
  public var ownID = ""
  /// Connections to one peer from one event loop.
  public var connectionsPerLoop = 1
  /// Calls on one connection to a peer: under way, or waiting for it to be made.
  public var callsMax = 10_000
  /// From the start of an attempt to connect to the peer's first word.
  public var connectTimeout: TimeAmount = .seconds(2)
  /// From the first failed attempt to connect to the next; later waits are longer.
  public var backoffInitial: TimeAmount = .milliseconds(50)
  /// The longest of these waits, before jitter.
  public var backoffMax: TimeAmount = .seconds(2)
  /// For the answer to a call, whatever deadline its client has.
  public var forwardTimeout: TimeAmount = .seconds(10)
  /// By how much a forward must end before its client stops waiting; a tenth of what is left at most.
  public var forwardMargin: TimeAmount = .milliseconds(5)
  /// What of a client's own metadata a forward takes along, as a header list is counted (RFC 9113,
  /// section 6.5.2); what does not fit is left out.
  public var metadataMaxBytes = 4 << 10
  /// For a newer view of the ring, where a peer has one.
  public var epochWait: TimeAmount = .seconds(1)
  /// For another node to give up a key that is this node's by now.
  public var handoverWait: TimeAmount = .seconds(1)
  /// Calls of one event loop that wait for keys which are on their way to this node.
  public var handoverCallsMax = 10_000
  /// Fetches of such keys under way, for one event loop; others wait in line. No setting: more of them
  /// at once would bring none of them sooner.
  public var handoverFetchesMax = 256
  /// A connection without calls is closed after this.
  public var idleTimeout: TimeAmount = .seconds(300)
  /// Silence of a peer that has calls to answer, after which it is sent a PING.
  public var keepaliveInterval: TimeAmount = .seconds(6)
  /// For the answer to that PING.
  public var keepaliveTimeout: TimeAmount = .seconds(3)
  /// Silence of a peer that has calls to answer, after which a call that ends without an answer has the
  /// peer suspected.
  public var suspectAfter: TimeAmount = .seconds(1)
  /// What the peers' connections may use.
  public var connection = ConnectionLimits()
  /// At first; `Forwarding.install` has others used.
  public var credentials = PeerCredentials()

  /// Where the connections to peers can be found by channelz; nil: nowhere.
  public var registry: ChannelRegistry?
  /// This node's, which peers are told, and which moves past theirs; nil: they are not told.
  public var clock: VersionClock?
  /// How far a peer's clock may be ahead of this machine's.
  public var clockSkewMax: TimeAmount = .hours(1)

  public init() {}

  /// Of every connection to a peer.
  func client(_ credentials: PeerCredentials) -> ClientConfiguration {
    var client = ClientConfiguration()
    client.connection = self.connection
    client.tls = credentials.tls
    client.connectTimeout = self.connectTimeout
    client.keepaliveInterval = self.keepaliveInterval
    client.keepaliveTimeout = self.keepaliveTimeout
    client.callsMax = self.callsMax
    client.registry = self.registry
    return client
  }

  var backoff: BackoffConfiguration {
    var backoff = BackoffConfiguration()
    backoff.initial = self.backoffInitial
    backoff.max = self.backoffMax
    return backoff
  }
}
