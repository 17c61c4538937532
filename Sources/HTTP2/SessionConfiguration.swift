/// The limits of one HTTP/2 session. Validated where they are configured.
public struct SessionConfiguration: Sendable, Equatable {
  /// Streams that the peer may have open at once (SETTINGS_MAX_CONCURRENT_STREAMS).
  public var streamsMax = 1000
  /// Bytes the peer may send on one stream before it is credited (SETTINGS_INITIAL_WINDOW_SIZE).
  public var streamWindowBytes = 1 << 20
  /// Bytes the peer may send on all streams together before it is credited.
  public var connectionWindowBytes = 16 << 20
  /// One header list, as RFC 9113 section 6.5.2 counts it: names, values and 32 bytes a field.
  public var headerListMaxBytes = 16 << 10
  /// Fields in one header list.
  public var headersMax = 128
  /// Frames the peer may make us acknowledge (PING, SETTINGS) while it does not read (CVE-2019-9512).
  public var outboundAcksMax = 1000
  /// Entries in one SETTINGS frame (CVE-2019-9515).
  public var settingsEntriesMax = 32
  /// CONTINUATION frames in one header block (CVE-2024-28182).
  public var continuationsMax = 80
  /// Streams the peer may reset in a burst (CVE-2023-44487). Honest clients reset on every cancel
  /// and every expired deadline, so this is generous. Server role, as are all below.
  public var streamResetBurst = 10_000
  /// Stream resets that the burst regains each second.
  public var streamResetsPerSecond = 500
  /// Frames the client may send in a burst that bring no call and end none: SETTINGS, PING, PRIORITY,
  /// WINDOW_UPDATE, empty DATA, unknown ones (CVE-2019-9513, -9518). Calls pay for some: see
  /// `PeerConduct`.
  public var controlFrameBurst = 10_000
  /// Such frames that the burst regains each second.
  public var controlFramesPerSecond = 1_000
  /// Streams that the client may make us reset in a burst by breaking the protocol on them
  /// (CVE-2025-8671). Honest clients do so never.
  public var faultBurst = 100
  /// Such resets that the burst regains each second.
  public var faultsPerSecond = 10
  /// Least time between two PINGs of a client, in nanoseconds, unless HEADERS or DATA were sent to it
  /// meanwhile; 0: any (gRFC A8).
  public var pingIntervalMinNanoseconds: UInt64 = 5_000_000_000
  /// PINGs that may come sooner before the connection is ended.
  public var pingStrikesMax = 2
  /// Memory that a stream's buffers keep for the next stream that uses them.
  public var recycledBufferMaxBytes = 64 << 10
  /// Memory that all streams not in use keep together for the next ones.
  public var recycledBuffersMaxBytes = 1 << 20

  /// Frames other than DATA that may wait to be sent. All that one read of calls within `streamsMax`
  /// makes us say stays far below it.
  var outboundFramesMax: Int { 4 * self.streamsMax + self.outboundAcksMax + 4_096 }

  /// So many header lists' worth above the limits ends the connection: each field costs work, and one
  /// of a single byte can stand for 4 KiB (CVE-2016-6581).
  static let headerListExcess = 8
  /// Header bytes above the limits that are regained each second: about a millisecond of work.
  static let headerExcessBytesPerSecond = 1 << 20

  public init() {}
}
