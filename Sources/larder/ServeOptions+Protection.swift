import ArgumentParser
import Node

/// Flags of the group "Protection".
struct ProtectionOptions: ParsableArguments {
  @Option(.controlFramesPerSecond) var controlFramesPerSecond: String?
  @Option(.controlFrameBurst) var controlFrameBurst: String?
  @Option(.streamResetsPerSecond) var streamResetsPerSecond: String?
  @Option(.streamResetBurst) var streamResetBurst: String?
  @Option(.faultsPerSecond) var faultsPerSecond: String?
  @Option(.faultBurst) var faultBurst: String?
  @Option(.pingIntervalMin) var pingIntervalMin: String?
  @Option(.pingStrikesMax) var pingStrikesMax: String?
  @Option(.continuationsMax) var continuationsMax: String?
  @Option(.settingsEntriesMax) var settingsEntriesMax: String?
  @Option(.outboundAcksMax) var outboundAcksMax: String?

  var given: [(Setting, String?)] {
    [
      (.controlFramesPerSecond, self.controlFramesPerSecond),
      (.controlFrameBurst, self.controlFrameBurst),
      (.streamResetsPerSecond, self.streamResetsPerSecond),
      (.streamResetBurst, self.streamResetBurst), (.faultsPerSecond, self.faultsPerSecond),
      (.faultBurst, self.faultBurst), (.pingIntervalMin, self.pingIntervalMin),
      (.pingStrikesMax, self.pingStrikesMax), (.continuationsMax, self.continuationsMax),
      (.settingsEntriesMax, self.settingsEntriesMax), (.outboundAcksMax, self.outboundAcksMax),
    ]
  }
}

/// Flags of the group "Timeouts".
struct TimeoutOptions: ParsableArguments {
  @Option(.prefaceTimeout) var prefaceTimeout: String?
  @Option(.headerTimeout) var headerTimeout: String?
  @Option(.bodyTimeout) var bodyTimeout: String?
  @Option(.writeTimeout) var writeTimeout: String?
  @Option(.idleTimeout) var idleTimeout: String?
  @Option(.connectionAgeMax) var connectionAgeMax: String?
  @Option(.connectionAgeGrace) var connectionAgeGrace: String?
  @Option(.keepaliveInterval) var keepaliveInterval: String?
  @Option(.keepaliveTimeout) var keepaliveTimeout: String?

  var given: [(Setting, String?)] {
    [
      (.prefaceTimeout, self.prefaceTimeout), (.headerTimeout, self.headerTimeout),
      (.bodyTimeout, self.bodyTimeout), (.writeTimeout, self.writeTimeout),
      (.idleTimeout, self.idleTimeout), (.connectionAgeMax, self.connectionAgeMax),
      (.connectionAgeGrace, self.connectionAgeGrace),
      (.keepaliveInterval, self.keepaliveInterval), (.keepaliveTimeout, self.keepaliveTimeout),
    ]
  }
}
