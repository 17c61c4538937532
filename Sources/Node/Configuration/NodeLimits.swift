/// Everything that bounds a node: queues, buffers, counts and waits, in one place.
///
/// Each property is a setting of its own. The range that each may have by itself stands in the
/// table of settings; what they demand of each other stands in `LimitRelation.all`.
///
/// What clients can make the node hold beside the store has a bound. All messages and answers in
/// buffers together take `buffersMaxBytes`, and what comes in one turn of each connection. A
/// connection that does its worst takes, beside its part of that, which is at most
/// `requestBufferMaxBytes` + `answerBufferMaxBytes` + one message of each:
///
///     outputBufferMaxBytes + 64 KiB                      output that the kernel does not take
///     2 x headerListMaxBytes x streamsMax                headers and trailers (2 x 16 KiB x 1000)
///     64 KiB x streamsMax                                requests behind answers, until the next
///                                                        look, within a second; and receive buffers
///     100 bytes x (4 x streamsMax + outboundAcksMax + 4096)     frames that wait to be sent
///     1 MiB                                              buffers kept for the next calls
///
/// Large values wait for their readers in the store, on its budget. Those that are not read count
/// against `answerBufferMaxBytes` of their connection, and against `buffersMaxBytes` for a connection
/// that asks for a second one.
///
/// A call that sends headers and nothing more has `bodyTimeout` to hold its part; an answer or a
/// connection that the client does not read has `writeTimeout`.
public struct NodeLimits: Sendable, Equatable {
  // What a client may send.

  /// The largest value.
  public var valueMaxBytes = 3 << 20
  /// The longest key; never above `keyMaxBytesMax`.
  public var keyMaxBytes = 64 << 10
  /// A value up to this size is copied whole into the reply; a larger one is sent piece by piece.
  public var inlineValueMaxBytes = 16 << 10
  /// The longest TTL that a writer may state.
  public var ttlMaxMilliseconds: Int64 = 3_650 * 86_400_000
  /// Deletes that the node remembers, so that an older copy cannot come back to life.
  public var tombstonesMax = 1_000_000
  /// Keys or items in one GetMany, SetMany or DeleteMany.
  public var batchKeysMax = 10_000
  /// Size of one GetMany reply; the keys beyond it are answered `deferred`.
  public var batchReplyMaxBytes = 3_584 << 10
  /// Size of one gRPC message, received or sent.
  public var messageMaxBytes = 4 << 20
  /// Decoded size of one request's headers, counted as RFC 9113, section 6.5.2, has it.
  public var headerListMaxBytes = 16 << 10
  /// Header fields of one request.
  public var headersMax = 128

  // What a connection may take.

  /// Concurrent calls on one connection.
  public var streamsMax = 1_000
  /// Open connections.
  public var connectionsMax = 10_000
  /// Open connections from one IPv4 address, or from one /64 network of IPv6.
  public var connectionsPerAddressMax = 1_000
  /// Streaming calls being served, cancelled ones included until their handler returns.
  public var handlersMax = 10_000
  /// HTTP/2 flow-control window of one call.
  public var streamWindowBytes = 1 << 20
  /// HTTP/2 flow-control window of one connection.
  public var connectionWindowBytes = 16 << 20
  /// Output that one connection gathers before it is flushed.
  public var outputBufferMaxBytes = 256 << 10
  /// Request messages not yet whole that one connection may hold.
  public var requestBufferMaxBytes = 64 << 20
  /// Answers that one connection's client has yet to take; above it, calls are refused.
  public var answerBufferMaxBytes = 256 << 20
  /// Messages and answers that all connections together may hold; above it, calls are refused.
  public var buffersMaxBytes = 1 << 30

  // What a connection may do that brings no call; above it, it is ended.

  /// HTTP/2 frames without a call that a connection may send each second.
  public var controlFramesPerSecond = 1_000
  /// Such frames at once.
  public var controlFrameBurst = 10_000
  /// Calls that a connection may cancel each second.
  public var streamResetsPerSecond = 500
  /// Such calls at once.
  public var streamResetBurst = 10_000
  /// Calls that a connection may break HTTP/2 on each second.
  public var faultsPerSecond = 10
  /// Such calls at once.
  public var faultBurst = 100
  /// Least time between two PINGs of a client that is sent nothing meanwhile; 0: any.
  public var pingIntervalMinMilliseconds: Int64 = 5_000
  /// PINGs that may come sooner than that.
  public var pingStrikesMax = 2
  /// CONTINUATION frames in one header block.
  public var continuationsMax = 80
  /// Entries in one SETTINGS frame.
  public var settingsEntriesMax = 32
  /// PINGs and SETTINGS that wait for our answer while the client does not read.
  public var outboundAcksMax = 1_000

  // How often clients may call.

  /// Calls a second of one client; 0: any number.
  public var rateLimitPerClient = 0
  /// Calls that a client may make at once; 0: as many as `rateLimitPerClient`.
  public var rateLimitBurst = 0
  /// Clients whose calls are counted; beyond it the one that paused longest is forgotten.
  public var rateLimitClientsMax = 10_000

  // What is compressed.

  /// The smallest reply that is; for smaller ones it costs more than it saves.
  public var compressionMinBytes = 1 << 10
  /// The largest reply that is; meanwhile, the other calls of its event loop wait.
  public var compressionMaxBytes = 1 << 20

  // What the admin pages take.

  /// Open connections to the admin pages.
  public var adminConnectionsMax = 64
  /// Of one request for an admin page, its headers included.
  public var adminRequestMaxBytes = 8 << 10

  // What other nodes are called with.

  /// Connections to one other node from each event loop.
  public var peerConnectionsPerLoop = 1
  /// Calls on one of these connections, or waiting for it.
  public var peerCallsMax = 10_000
  /// For another node to take a connection and speak HTTP/2.
  public var peerConnectTimeoutMilliseconds: Int64 = 2_000
  /// The longest time between two attempts to connect.
  public var peerBackoffMaxMilliseconds: Int64 = 2_000
  /// For a connection to another node without calls.
  public var peerIdleTimeoutMilliseconds: Int64 = 300_000
  /// Silence after which another node is sent a PING.
  public var peerKeepaliveIntervalMilliseconds: Int64 = 6_000
  /// For the answer to that PING.
  public var peerKeepaliveTimeoutMilliseconds: Int64 = 3_000
  /// Silence after which another node is suspected by a call that ends unanswered.
  public var peerSuspectAfterMilliseconds: Int64 = 1_000
  /// For the answer to a forwarded call.
  public var forwardTimeoutMilliseconds: Int64 = 10_000
  /// By which a forward ends before its client's deadline.
  public var forwardMarginMilliseconds: Int64 = 5
  /// Of a client's own metadata that a forward takes along.
  public var forwardMetadataMaxBytes = 4 << 10
  /// For a change of the cluster that another node has seen already.
  public var epochWaitMilliseconds: Int64 = 1_000
  /// For another node to give up a key that is this node's by now.
  public var handoverWaitMilliseconds: Int64 = 1_000
  /// Calls of one event loop that wait for keys which are on their way to this node.
  public var handoverCallsMax = 10_000

  // How the node is a member of a cluster that etcd keeps.

  /// For which a registration outlives its node, and a node serves on that etcd does not hear from.
  public var leaseTTLMilliseconds: Int64 = 10_000
  /// For which a loss of more than half of the ring is not believed.
  public var massLossHoldMilliseconds: Int64 = 30_000
  /// By which another node's clock may be ahead.
  public var clockSkewMaxMilliseconds: Int64 = 3_600_000
  /// For a node that stops to be off the ring; 0: it does not wait.
  public var leaveTimeoutMilliseconds: Int64 = 3_000
  /// For a node that stops, and has left the ring, to hand its entries over.
  public var handoverTimeoutMilliseconds: Int64 = 60_000
  /// At which entries are sent to nodes that own them now, all together, in bytes a second; 0: any.
  public var migrationRateBytes = 64 << 20
  /// Of one batch of them.
  public var migrationBatchMaxBytes = 256 << 10
  /// Batches on one stream that the other node has not acknowledged.
  public var migrationWindow = 16
  /// Time between two lists of all nodes beside the watch.
  public var auditIntervalMilliseconds: Int64 = 10_000
  /// For a call of etcd, all attempts included.
  public var etcdCallTimeoutMilliseconds: Int64 = 5_000
  /// For one member of etcd to answer.
  public var etcdAttemptTimeoutMilliseconds: Int64 = 2_000
  /// Silence after which a member of etcd is sent a PING.
  public var etcdKeepaliveIntervalMilliseconds: Int64 = 10_000
  /// For the answer to that PING.
  public var etcdKeepaliveTimeoutMilliseconds: Int64 = 5_000
  /// Silence of a watch after which etcd is asked for a sign of life.
  public var etcdProgressIntervalMilliseconds: Int64 = 5_000
  /// For that sign.
  public var etcdProgressTimeoutMilliseconds: Int64 = 3_000
  /// Size of one answer of etcd.
  public var etcdMessageMaxBytes = 16 << 20
  /// Changes of the cluster that wait to be looked at.
  public var etcdWatchBufferMaxBytes = 16 << 20

  // How long things take.

  /// From a connection's start to its client's acknowledgement of our SETTINGS; 0: any.
  public var prefaceTimeoutMilliseconds: Int64 = 10_000
  /// From the first byte of a frame or header block to its last; 0: any.
  public var headerTimeoutMilliseconds: Int64 = 10_000
  /// From the headers of a call to its whole message; 0: any.
  public var bodyTimeoutMilliseconds: Int64 = 60_000
  /// For output of which the client takes no byte; 0: any.
  public var writeTimeoutMilliseconds: Int64 = 30_000
  /// For a connection without calls; 0: any.
  public var idleTimeoutMilliseconds: Int64 = 3_600_000
  /// For any connection, give or take a tenth; 0: no limit.
  public var connectionAgeMaxMilliseconds: Int64 = 0
  /// For the calls of a connection that has reached that age; 0: none.
  public var connectionAgeGraceMilliseconds: Int64 = 30_000
  /// Silence after which a client is sent a PING; 0: no limit.
  public var keepaliveIntervalMilliseconds: Int64 = 7_200_000
  /// For the answer to that PING.
  public var keepaliveTimeoutMilliseconds: Int64 = 20_000
  /// Time for open calls to end once the node was told to stop; 0: none.
  public var drainTimeoutMilliseconds: Int64 = 30_000
  /// Time that a client has for its TLS handshake.
  public var handshakeTimeoutMilliseconds: Int64 = 10_000
  /// Time between two looks whether the files of certificates and tokens have changed.
  public var reloadIntervalMilliseconds: Int64 = 10_000
  /// Time for one request for an admin page: until it is whole, and until it is answered.
  public var adminTimeoutMilliseconds: Int64 = 5_000
  /// Time between two looks for expired entries.
  public var expirySweepIntervalMilliseconds: Int64 = 100
  /// Time from the end of one snapshot to the beginning of the next; 0: none on a schedule.
  public var snapshotIntervalMilliseconds: Int64 = 300_000

  /// The defaults.
  public init() {}

  // Fixed, and no settings: no node needs other values.

  /// Event loops of one node.
  public static let loopsMax = 1_024
  /// What `keyMaxBytes` may be raised to: the API promises that no key is longer.
  public static let keyMaxBytesMax = 64 << 10
  /// Of a node's id: enough for any `HOST:PORT`.
  public static let nodeIDMaxBytes = HostPort.nameBytesMax + 6
  /// Of a namespace's name.
  public static let namespaceNameMaxBytes = 128
  /// Namespaces of one node, the default one included.
  public static let namespacesMax = 1_024
  /// Calls a second, of a client or a namespace.
  public static let rateLimitMax = 1_000_000_000
  /// Of the YAML file.
  public static let configFileMaxBytes = 1 << 20
  /// Of each file of certificates or keys.
  public static let pemFileMaxBytes = 1 << 20
  /// Of the file of etcd's password.
  public static let passwordFileMaxBytes = 4 << 10
  /// Both flow-control windows (RFC 9113, section 6.9.1) and the length of a protobuf message.
  public static let int32MaxBytes = Int(Int32.max)
}

/// What one size demands of others: `setting >= multiple x (sum of terms) + extraBytes`.
struct LimitRelation: Sendable {
  /// The setting that must be large enough. All sizes here are settings in bytes.
  let setting: Setting
  /// What it must have room for.
  let terms: [Setting]
  var multiple = 1
  var extraBytes = 0
  /// Completes "…, but".
  let reason: String

  /// Of a protobuf message around a key and a value, and of one item in a batch reply.
  static let messageOverheadBytes = 1 << 10

  static let all: [LimitRelation] = [
    LimitRelation(
      setting: .memory, terms: [.valueMax], multiple: 2,
      reason: "a value being replaced and its successor are held at the same time"),
    LimitRelation(
      setting: .messageMax, terms: [.valueMax, .keyMax], extraBytes: messageOverheadBytes,
      reason: "a Set of the largest value under the longest key is one message"),
    LimitRelation(
      setting: .messageMax, terms: [.batchReplyMax],
      reason: "a batch reply is one message"),
    LimitRelation(
      setting: .batchReplyMax, terms: [.valueMax], extraBytes: messageOverheadBytes,
      reason: "the largest value could otherwise never be read by GetMany"),
    LimitRelation(
      setting: .compressionMax, terms: [.compressionMin],
      reason: "no reply could otherwise ever be compressed"),
    LimitRelation(
      setting: .connectionWindow, terms: [.streamWindow],
      reason: "one call could otherwise never use its own window"),
    LimitRelation(
      setting: .requestBufferMax, terms: [.messageMax],
      reason: "the largest message could otherwise never become whole"),
    LimitRelation(
      setting: .buffersMax, terms: [.requestBufferMax],
      reason: "one connection could otherwise never use its own buffer"),
    LimitRelation(
      setting: .outputBufferMax, terms: [.inlineValueMax],
      reason: "an inline value is copied whole into the output buffer"),
  ]

  /// Names of all that take part.
  var settings: Set<String> {
    Set([self.setting.name] + self.terms.map(\.name))
  }

  /// The problem, if `configuration` does not satisfy the relation. Each setting that takes part
  /// must be in its range.
  ///
  /// - Parameter origins: Where each setting came from, for the message.
  func problem(
    in configuration: NodeConfiguration, origins: SettingOrigins
  ) -> ConfigurationProblem? {
    let value = self.setting.bytes(in: configuration)
    // Cannot overflow: the terms are in their ranges, so at most 2^40, and at most two.
    let sum = self.terms.reduce(0) { $0 + $1.bytes(in: configuration) }
    let least = self.multiple * sum + self.extraBytes
    guard value < least else { return nil }

    let described = self.terms.map { term in
      "\(term.name) (\(origins.describe(term, in: configuration)))"
    }
    let formula =
      (self.multiple > 1 ? "\(self.multiple) x " : "") + described.joined(separator: " + ")
      + (self.extraBytes > 0 ? " + \(ByteCount(bytes: self.extraBytes))" : "")
    let isWhole = self.multiple == 1 && self.extraBytes == 0 && self.terms.count == 1
    let remedy = self.terms.map(\.name).joined(separator: " or ")
    return ConfigurationProblem(
      settings: self.settings,
      message: "\(self.setting.name) (\(origins.describe(self.setting, in: configuration)))"
        + " is less than \(formula)\(isWhole ? "" : " = \(ByteCount(bytes: least))"),"
        + " but \(self.reason)."
        + " Raise \(self.setting.name) to at least \(ByteCount(bytes: least)), or lower \(remedy).")
  }
}
