// The settings of the groups "Protection" and "Timeouts": what a node bears from clients that are
// broken or mean ill. Honest clients reach none of them.
extension Setting {
  static let protection: [Setting] =
    [.controlFramesPerSecond, .controlFrameBurst, .streamResetsPerSecond, .streamResetBurst]
    + [.faultsPerSecond, .faultBurst, .pingIntervalMin, .pingStrikesMax]
    + [.continuationsMax, .settingsEntriesMax, .outboundAcksMax]

  static let timeouts: [Setting] =
    [.prefaceTimeout, .headerTimeout, .bodyTimeout, .writeTimeout, .idleTimeout]
    + [.connectionAgeMax, .connectionAgeGrace, .keepaliveInterval, .keepaliveTimeout]

  private static let rates = 1...1_000_000
  private static let bursts = 1...100_000_000
  private static let dayMilliseconds: Int64 = 86_400_000
  private static let yearMilliseconds = 365 * dayMilliseconds

  // Protection. The connection ends where one of these is reached.

  package static let controlFramesPerSecond = Setting(
    "control-frames-per-second", .protection, .count(\.limits.controlFramesPerSecond, rates),
    "HTTP/2 frames without a call (PING, SETTINGS, PRIORITY, ...) that a connection may send.")
  package static let controlFrameBurst = Setting(
    "control-frame-burst", .protection, .count(\.limits.controlFrameBurst, bursts),
    "Such frames that it may send at once.")
  package static let streamResetsPerSecond = Setting(
    "stream-resets-per-second", .protection, .count(\.limits.streamResetsPerSecond, rates),
    "Calls that a connection may cancel.")
  package static let streamResetBurst = Setting(
    "stream-reset-burst", .protection, .count(\.limits.streamResetBurst, bursts),
    "Calls that it may cancel at once.")
  package static let faultsPerSecond = Setting(
    "faults-per-second", .protection, .count(\.limits.faultsPerSecond, rates),
    "Calls on which a connection may break HTTP/2, so that they have to be reset.")
  package static let faultBurst = Setting(
    "fault-burst", .protection, .count(\.limits.faultBurst, bursts),
    "Such calls that it may make at once.")
  package static let pingIntervalMin = Setting(
    "ping-interval-min", .protection,
    .milliseconds(\.limits.pingIntervalMinMilliseconds, 0...dayMilliseconds),
    "Least time between two PINGs of a client that is sent nothing meanwhile. 0ms: any.")
  package static let pingStrikesMax = Setting(
    "ping-strikes-max", .protection, .count(\.limits.pingStrikesMax, 0...1_000_000),
    "PINGs that may come sooner than that.")
  package static let continuationsMax = Setting(
    "continuations-max", .protection, .count(\.limits.continuationsMax, 1...10_000),
    "CONTINUATION frames in one header block.")
  package static let settingsEntriesMax = Setting(
    "settings-entries-max", .protection, .count(\.limits.settingsEntriesMax, 8...2_730),
    "Entries in one SETTINGS frame.")
  package static let outboundAcksMax = Setting(
    "outbound-acks-max", .protection, .count(\.limits.outboundAcksMax, 1...1_000_000),
    "PINGs and SETTINGS that wait for our answer while the client does not read.")

  // Timeouts.

  package static let prefaceTimeout = Setting(
    "preface-timeout", .timeouts,
    .milliseconds(\.limits.prefaceTimeoutMilliseconds, 0...dayMilliseconds),
    "Time for a new connection to speak HTTP/2 and acknowledge our SETTINGS. 0ms: any.")
  package static let headerTimeout = Setting(
    "header-timeout", .timeouts,
    .milliseconds(\.limits.headerTimeoutMilliseconds, 0...dayMilliseconds),
    "Time from the first byte of a frame, or of a call's headers, to its last. 0ms: any.")
  package static let bodyTimeout = Setting(
    "body-timeout", .timeouts,
    .milliseconds(\.limits.bodyTimeoutMilliseconds, 0...dayMilliseconds),
    "Time from the headers of a call to its whole message. 0ms: any.")
  package static let writeTimeout = Setting(
    "write-timeout", .timeouts,
    .milliseconds(\.limits.writeTimeoutMilliseconds, 0...dayMilliseconds),
    "Time for which an answer, or a connection, may wait without the client taking a byte.")
  package static let idleTimeout = Setting(
    "idle-timeout", .timeouts,
    .milliseconds(\.limits.idleTimeoutMilliseconds, 0...yearMilliseconds),
    "Time that a connection without calls stays open. 0ms: any.")
  package static let connectionAgeMax = Setting(
    "connection-age-max", .timeouts,
    .milliseconds(\.limits.connectionAgeMaxMilliseconds, 0...yearMilliseconds),
    "Time after which a connection is asked to go, give or take a tenth. 0ms: never.")
  package static let connectionAgeGrace = Setting(
    "connection-age-grace", .timeouts,
    .milliseconds(\.limits.connectionAgeGraceMilliseconds, 0...dayMilliseconds),
    "Time that its open calls then get to end.")
  package static let keepaliveInterval = Setting(
    "keepalive-interval", .timeouts,
    .milliseconds(\.limits.keepaliveIntervalMilliseconds, 0...yearMilliseconds),
    "Silence after which a client is sent a PING. 0ms: never.")
  package static let keepaliveTimeout = Setting(
    "keepalive-timeout", .timeouts,
    .milliseconds(\.limits.keepaliveTimeoutMilliseconds, 1...dayMilliseconds),
    "Time that it then gets to answer.")
}
