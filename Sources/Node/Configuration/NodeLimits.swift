/// Everything that bounds a node: queues, buffers, counts and waits, in one place.
///
/// Each property is a setting of its own. The range that each may have by itself stands in the
/// table of settings; what they demand of each other stands in `LimitRelation.all` below.
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

  /// Open connections to the admin pages.
  public var adminConnectionsMax = 64
  /// Of one request for an admin page, its headers included.
  public var adminRequestMaxBytes = 8 << 10

  // How long things take.

  /// Time for open calls to end once the node was told to stop; 0: none.
  public var drainTimeoutMilliseconds: Int64 = 30_000
  /// Time for one request for an admin page: until it is whole, and until it is answered.
  public var adminTimeoutMilliseconds: Int64 = 5_000
  /// Time between two looks for expired entries.
  public var expirySweepIntervalMilliseconds: Int64 = 100

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
  /// Of the YAML file.
  public static let configFileMaxBytes = 1 << 20
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
      setting: .connectionWindow, terms: [.streamWindow],
      reason: "one call could otherwise never use its own window"),
    LimitRelation(
      setting: .requestBufferMax, terms: [.messageMax],
      reason: "the largest message could otherwise never become whole"),
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
    // Cannot overflow: the terms are in their ranges, so at most int32MaxBytes, and at most two.
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
