import ArgumentParser
import Node

// Values stay text here: the table of settings reads them, so that a flag, a variable and a key of
// the YAML file are read in one way and refused in the same words, all at once.

/// Flags of the group "Node".
struct NodeOptions: ParsableArguments {
  @Option(.listen) var listen: String?
  @Option(.admin) var admin: String?
  @Option(.advertise) var advertise: String?
  @Option(.nodeID) var nodeID: String?
  @Option(.loops) var loops: String?
  @Option(.config) var config: String?
  @Option(.reloadInterval) var reloadInterval: String?
  @Option(.compression) var compression: String?

  var given: [(Setting, String?)] {
    [
      (.listen, self.listen), (.admin, self.admin), (.advertise, self.advertise),
      (.nodeID, self.nodeID), (.loops, self.loops), (.config, self.config),
      (.reloadInterval, self.reloadInterval),
      (.compression, self.compression),
    ]
  }
}

/// Flags of the group "TLS".
struct TLSOptions: ParsableArguments {
  @Option(.tlsCert) var tlsCert: String?
  @Option(.tlsKey) var tlsKey: String?
  @Option(.tlsCA) var tlsCA: String?
  @Option(.tlsClientAuth) var tlsClientAuth: String?
  @Option(.tlsMinVersion) var tlsMinVersion: String?
  @Option(.plaintextListen) var plaintextListen: String?
  @Option(.handshakeTimeout) var handshakeTimeout: String?

  var given: [(Setting, String?)] {
    [
      (.tlsCert, self.tlsCert), (.tlsKey, self.tlsKey), (.tlsCA, self.tlsCA),
      (.tlsClientAuth, self.tlsClientAuth), (.tlsMinVersion, self.tlsMinVersion),
      (.plaintextListen, self.plaintextListen), (.handshakeTimeout, self.handshakeTimeout),
    ]
  }
}

/// Flags of the group "Cluster".
struct ClusterOptions: ParsableArguments {
  @Option(.peers) var peers: String?
  @Option(.peerTokenFile) var peerTokenFile: String?
  @Option(.peerConnectionsPerLoop) var peerConnectionsPerLoop: String?
  @Option(.peerCallsMax) var peerCallsMax: String?
  @Option(.peerConnectTimeout) var peerConnectTimeout: String?
  @Option(.peerBackoffMax) var peerBackoffMax: String?
  @Option(.peerIdleTimeout) var peerIdleTimeout: String?
  @Option(.peerKeepaliveInterval) var peerKeepaliveInterval: String?
  @Option(.peerKeepaliveTimeout) var peerKeepaliveTimeout: String?
  @Option(.peerSuspectAfter) var peerSuspectAfter: String?
  @Option(.forwardTimeout) var forwardTimeout: String?
  @Option(.forwardMargin) var forwardMargin: String?
  @Option(.forwardMetadataMax) var forwardMetadataMax: String?
  @Option(.epochWait) var epochWait: String?
  @Option(.handoverWait) var handoverWait: String?
  @Option(.handoverCallsMax) var handoverCallsMax: String?

  var given: [(Setting, String?)] {
    [
      (.peers, self.peers), (.peerTokenFile, self.peerTokenFile),
      (.peerConnectionsPerLoop, self.peerConnectionsPerLoop), (.peerCallsMax, self.peerCallsMax),
      (.peerConnectTimeout, self.peerConnectTimeout), (.peerBackoffMax, self.peerBackoffMax),
      (.peerIdleTimeout, self.peerIdleTimeout),
      (.peerKeepaliveInterval, self.peerKeepaliveInterval),
      (.peerKeepaliveTimeout, self.peerKeepaliveTimeout),
      (.peerSuspectAfter, self.peerSuspectAfter),
      (.forwardTimeout, self.forwardTimeout), (.forwardMargin, self.forwardMargin),
      (.forwardMetadataMax, self.forwardMetadataMax), (.epochWait, self.epochWait),
      (.handoverWait, self.handoverWait), (.handoverCallsMax, self.handoverCallsMax),
    ]
  }
}

/// Flags of the group "Storage".
struct StorageOptions: ParsableArguments {
  @Option(.memory) var memory: String?
  @Option(.policy) var policy: String?
  @Option(.tombstonesMax) var tombstonesMax: String?
  @Option(.expirySweepInterval) var expirySweepInterval: String?
  @Option(.snapshotDir) var snapshotDir: String?
  @Option(.snapshotInterval) var snapshotInterval: String?

  var given: [(Setting, String?)] {
    [
      (.memory, self.memory), (.policy, self.policy), (.tombstonesMax, self.tombstonesMax),
      (.expirySweepInterval, self.expirySweepInterval),
      (.snapshotDir, self.snapshotDir), (.snapshotInterval, self.snapshotInterval),
    ]
  }
}

/// Flags of the group "Security".
struct SecurityOptions: ParsableArguments {
  @Option(.tokens) var tokens: String?
  @Flag(.insecure) var insecure = false

  var given: [(Setting, String?)] {
    [
      (.tokens, self.tokens),
      (.insecure, self.insecure ? "true" : nil),
    ]
  }
}

/// Flags of the group "Logging".
struct LoggingOptions: ParsableArguments {
  @Option(.logLevel) var logLevel: String?
  @Option(.logFormat) var logFormat: String?
  @Option(.accessLog) var accessLog: String?

  var given: [(Setting, String?)] {
    [
      (.logLevel, self.logLevel), (.logFormat, self.logFormat), (.accessLog, self.accessLog),
    ]
  }
}

/// Flags of the group "Limits".
struct LimitOptions: ParsableArguments {
  @Option(.valueMax) var valueMax: String?
  @Option(.keyMax) var keyMax: String?
  @Option(.inlineValueMax) var inlineValueMax: String?
  @Option(.ttlMax) var ttlMax: String?
  @Option(.batchKeysMax) var batchKeysMax: String?
  @Option(.batchReplyMax) var batchReplyMax: String?
  @Option(.messageMax) var messageMax: String?
  @Option(.headerListMax) var headerListMax: String?
  @Option(.headersMax) var headersMax: String?
  @Option(.streamsMax) var streamsMax: String?
  @Option(.connectionsMax) var connectionsMax: String?
  @Option(.connectionsPerAddressMax) var connectionsPerAddressMax: String?
  @Option(.handlersMax) var handlersMax: String?
  @Option(.streamWindow) var streamWindow: String?
  @Option(.connectionWindow) var connectionWindow: String?
  @Option(.outputBufferMax) var outputBufferMax: String?
  @Option(.requestBufferMax) var requestBufferMax: String?
  @Option(.answerBufferMax) var answerBufferMax: String?
  @Option(.buffersMax) var buffersMax: String?
  @Option(.compressionMin) var compressionMin: String?
  @Option(.compressionMax) var compressionMax: String?
  @Option(.drainTimeout) var drainTimeout: String?
  @Option(.rateLimitPerClient) var rateLimitPerClient: String?
  @Option(.rateLimitBurst) var rateLimitBurst: String?
  @Option(.rateLimitClientsMax) var rateLimitClientsMax: String?
  @Option(.adminConnectionsMax) var adminConnectionsMax: String?
  @Option(.adminRequestMax) var adminRequestMax: String?
  @Option(.adminTimeout) var adminTimeout: String?

  var given: [(Setting, String?)] {
    [
      (.valueMax, self.valueMax), (.keyMax, self.keyMax), (.inlineValueMax, self.inlineValueMax),
      (.ttlMax, self.ttlMax), (.batchKeysMax, self.batchKeysMax),
      (.batchReplyMax, self.batchReplyMax), (.messageMax, self.messageMax),
      (.headerListMax, self.headerListMax), (.headersMax, self.headersMax),
      (.streamsMax, self.streamsMax), (.connectionsMax, self.connectionsMax),
      (.connectionsPerAddressMax, self.connectionsPerAddressMax),
      (.handlersMax, self.handlersMax),
      (.streamWindow, self.streamWindow), (.connectionWindow, self.connectionWindow),
      (.outputBufferMax, self.outputBufferMax), (.requestBufferMax, self.requestBufferMax),
      (.answerBufferMax, self.answerBufferMax), (.buffersMax, self.buffersMax),
      (.compressionMin, self.compressionMin),
      (.compressionMax, self.compressionMax), (.drainTimeout, self.drainTimeout),
      (.rateLimitPerClient, self.rateLimitPerClient), (.rateLimitBurst, self.rateLimitBurst),
      (.rateLimitClientsMax, self.rateLimitClientsMax),
      (.adminConnectionsMax, self.adminConnectionsMax), (.adminRequestMax, self.adminRequestMax),
      (.adminTimeout, self.adminTimeout),
    ]
  }
}

extension Option where Value == String? {
  /// A flag whose name and help come from the table of settings.
  ///
  /// - Parameter parsing: `.unconditional` where what is wrong may begin with a dash, such as -1.
  init(_ setting: Setting, parsing: SingleValueParsingStrategy = .next) {
    self.init(name: .customLong(setting.name), parsing: parsing, help: ArgumentHelp(setting))
  }
}

extension Flag where Value == Bool {
  /// A flag without a value, for a setting that is on or off.
  init(wrappedValue: Bool, _ setting: Setting) {
    self.init(
      wrappedValue: wrappedValue, name: .customLong(setting.name), help: ArgumentHelp(setting))
  }
}

extension ArgumentHelp {
  fileprivate init(_ setting: Setting) {
    self.init(
      "\(setting.summary) (default: \(setting.defaultText); \(setting.variableName))",
      valueName: setting.valueName)
  }
}
