internal import GRPC
internal import HTTP2
internal import NIOCore

extension SessionConfiguration {
  /// Takes over what a connection may do that brings no call.
  mutating func protect(by limits: NodeLimits) {
    self.controlFramesPerSecond = limits.controlFramesPerSecond
    self.controlFrameBurst = limits.controlFrameBurst
    self.streamResetsPerSecond = limits.streamResetsPerSecond
    self.streamResetBurst = limits.streamResetBurst
    self.faultsPerSecond = limits.faultsPerSecond
    self.faultBurst = limits.faultBurst
    self.pingIntervalMinNanoseconds = UInt64(limits.pingIntervalMinMilliseconds) * 1_000_000
    self.pingStrikesMax = limits.pingStrikesMax
    self.continuationsMax = limits.continuationsMax
    self.settingsEntriesMax = limits.settingsEntriesMax
    self.outboundAcksMax = limits.outboundAcksMax
  }
}

extension ServerTimeouts {
  init(_ limits: NodeLimits) {
    self.init()
    self.preface = .milliseconds(limits.prefaceTimeoutMilliseconds)
    self.header = .milliseconds(limits.headerTimeoutMilliseconds)
    self.body = .milliseconds(limits.bodyTimeoutMilliseconds)
    self.write = .milliseconds(limits.writeTimeoutMilliseconds)
    self.idle = .milliseconds(limits.idleTimeoutMilliseconds)
    self.ageMax = .milliseconds(limits.connectionAgeMaxMilliseconds)
    self.ageGrace = .milliseconds(limits.connectionAgeGraceMilliseconds)
    self.keepaliveInterval = .milliseconds(limits.keepaliveIntervalMilliseconds)
    self.keepalive = .milliseconds(limits.keepaliveTimeoutMilliseconds)
  }
}
