// The settings of the group "Cluster": who the other nodes are, and how they are called.
extension Setting {
  static let cluster: [Setting] =
    [.peers, .peerTokenFile, .peerConnectionsPerLoop, .peerCallsMax]
    + [.peerConnectTimeout, .peerBackoffMax, .peerIdleTimeout]
    + [.peerKeepaliveInterval, .peerKeepaliveTimeout, .peerSuspectAfter]
    + [.forwardTimeout, .forwardMargin, .forwardMetadataMax, .epochWait]
    + [.handoverWait, .handoverCallsMax]

  private static let dayMilliseconds: Int64 = 86_400_000

  package static let peers = Setting(
    "peers", .cluster, .peers,
    "All nodes of a cluster that never changes, this one's --advertise among them; the same list"
      + " for every node.")
  package static let peerTokenFile = Setting(
    "peer-token-file", .cluster, .file(\.peerTokenFile),
    "File with the bearer token that this node shows other nodes; it needs the role peer there.")
  package static let peerConnectionsPerLoop = Setting(
    "peer-connections-per-loop", .cluster, .count(\.limits.peerConnectionsPerLoop, 1...64),
    "Connections to one other node from each event loop.")
  package static let peerCallsMax = Setting(
    "peer-calls-max", .cluster, .count(\.limits.peerCallsMax, 1...1_000_000),
    "Calls on one of these connections, or waiting for it to be made.")
  package static let peerConnectTimeout = Setting(
    "peer-connect-timeout", .cluster,
    .milliseconds(\.limits.peerConnectTimeoutMilliseconds, 10...600_000),
    "Time that another node has to take a connection and speak HTTP/2.")
  package static let peerBackoffMax = Setting(
    "peer-backoff-max", .cluster,
    .milliseconds(\.limits.peerBackoffMaxMilliseconds, 50...3_600_000),
    "Longest time between two attempts to connect to a node that cannot be reached.")
  package static let peerIdleTimeout = Setting(
    "peer-idle-timeout", .cluster,
    .milliseconds(\.limits.peerIdleTimeoutMilliseconds, 100...dayMilliseconds),
    "Time after which a connection to another node without calls is closed.")
  package static let peerKeepaliveInterval = Setting(
    "peer-keepalive-interval", .cluster,
    .milliseconds(\.limits.peerKeepaliveIntervalMilliseconds, 100...dayMilliseconds),
    "Silence of a node that has calls to answer, after which it is sent a PING. At least the"
      + " ping-interval-min of the others.")
  package static let peerKeepaliveTimeout = Setting(
    "peer-keepalive-timeout", .cluster,
    .milliseconds(\.limits.peerKeepaliveTimeoutMilliseconds, 10...dayMilliseconds),
    "Time that it then has to answer before its connection is given up.")
  package static let peerSuspectAfter = Setting(
    "peer-suspect-after", .cluster,
    .milliseconds(\.limits.peerSuspectAfterMilliseconds, 10...dayMilliseconds),
    "Silence of a node that has calls to answer, after which a call that ends unanswered has the node"
      + " suspected: calls to it fail at once until it says something.")
  package static let forwardTimeout = Setting(
    "forward-timeout", .cluster,
    .milliseconds(\.limits.forwardTimeoutMilliseconds, 10...dayMilliseconds),
    "Longest time that a forwarded call waits for its answer, whatever deadline its client has.")
  package static let forwardMargin = Setting(
    "forward-margin", .cluster,
    .milliseconds(\.limits.forwardMarginMilliseconds, 0...60_000),
    "Time by which a forward ends before its client's deadline; a tenth of what is left at most.")
  package static let forwardMetadataMax = Setting(
    "forward-metadata-max", .cluster, .bytes(\.limits.forwardMetadataMaxBytes, 0...(64 << 10)),
    "Metadata of a client's own that a forward takes along to the owner; what does not fit is left out."
      + " All nodes' header-list-max must have room for it.")
  package static let epochWait = Setting(
    "epoch-wait", .cluster, .milliseconds(\.limits.epochWaitMilliseconds, 0...60_000),
    "Time that a call waits for a change of the cluster that another node has seen already.")
  package static let handoverWait = Setting(
    "handover-wait", .cluster, .milliseconds(\.limits.handoverWaitMilliseconds, 0...60_000),
    "Time that a call waits for another node to give up a key that is this node's by now.")
  package static let handoverCallsMax = Setting(
    "handover-calls-max", .cluster, .count(\.limits.handoverCallsMax, 1...1_000_000),
    "Calls of one event loop that wait for keys which are on their way to this node.")
}
