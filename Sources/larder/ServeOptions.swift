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

  var given: [(Setting, String?)] {
    [
      (.listen, self.listen), (.admin, self.admin), (.advertise, self.advertise), (.nodeID, self.nodeID),
      (.loops, self.loops), (.config, self.config),
    ]
  }
}

/// Flags of the group "Storage".
struct StorageOptions: ParsableArguments {
  @Option(.memory) var memory: String?
  @Option(.tombstonesMax) var tombstonesMax: String?
  @Option(.expirySweepInterval) var expirySweepInterval: String?

  var given: [(Setting, String?)] {
    [
      (.memory, self.memory), (.tombstonesMax, self.tombstonesMax),
      (.expirySweepInterval, self.expirySweepInterval),
    ]
  }
}

/// Flags of the group "Logging".
struct LoggingOptions: ParsableArguments {
  @Option(.logLevel) var logLevel: String?
  @Option(.logFormat) var logFormat: String?

  var given: [(Setting, String?)] {
    [(.logLevel, self.logLevel), (.logFormat, self.logFormat)]
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
  @Option(.streamWindow) var streamWindow: String?
  @Option(.connectionWindow) var connectionWindow: String?
  @Option(.outputBufferMax) var outputBufferMax: String?
  @Option(.requestBufferMax) var requestBufferMax: String?
  @Option(.answerBufferMax) var answerBufferMax: String?
  @Option(.drainTimeout) var drainTimeout: String?
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
      (.streamWindow, self.streamWindow), (.connectionWindow, self.connectionWindow),
      (.outputBufferMax, self.outputBufferMax), (.requestBufferMax, self.requestBufferMax),
      (.answerBufferMax, self.answerBufferMax), (.drainTimeout, self.drainTimeout),
      (.adminConnectionsMax, self.adminConnectionsMax), (.adminRequestMax, self.adminRequestMax),
      (.adminTimeout, self.adminTimeout),
    ]
  }
}

extension Option where Value == String? {
  /// A flag whose name and help come from the table of settings.
  init(_ setting: Setting) {
    self.init(
      name: .customLong(setting.name),
      help: ArgumentHelp(
        "\(setting.summary) (default: \(setting.defaultText); \(setting.variableName))",
        valueName: setting.valueName))
  }
}
