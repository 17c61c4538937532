/// The limits of one HTTP/2 session. Validated where they are configured.
public struct SessionConfiguration: Sendable {
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
  /// CONTINUATION frames in one header block (CVE-2024-28182). libnghttp2 1.52 also counts partial
  /// reads of a frame header, so this is far above what an honest peer sends.
  public var continuationsMax = 80
  /// Streams the peer may reset in a burst (CVE-2023-44487). Honest clients reset on every cancel
  /// and every expired deadline, so this is generous.
  public var streamResetBurst = 10_000
  /// Stream resets that the burst regains each second.
  public var streamResetsPerSecond = 500
  /// Memory that a stream's buffers keep for the next stream that uses them.
  public var recycledBufferMaxBytes = 64 << 10

  public init() {}
}
