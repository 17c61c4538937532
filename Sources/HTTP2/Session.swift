internal import CNGHTTP2

/// One HTTP/2 connection without its socket: bytes go in, ready streams and bytes come out.
///
/// libnghttp2 frames, compresses headers and keeps the flow-control windows; its callbacks only
/// record (see `Session+Callbacks.swift`). One turn of a connection is always
///
///     receive(bytes) -> drainReady { act on each stream } -> pull(into: output)
///
/// A session is used by one thread at a time.
public final class Session {
  public enum Role: Sendable { case server, client }

  /// The peer's farewell.
  public struct GoAway: Equatable, Sendable {
    /// Streams above this one were not processed, and may be tried again elsewhere.
    public let lastStreamID: Int32
    public let code: ErrorCode
    /// What the peer says about it; for people.
    public let debugText: String
  }

  public let role: Role
  let configuration: SessionConfiguration

  /// The peer's GOAWAY, once it has sent one.
  public internal(set) var goAway: GoAway?
  /// Acknowledgements of our PINGs so far.
  public internal(set) var pingAcks = 0
  /// The peer's first SETTINGS came, so that it does speak HTTP/2.
  public internal(set) var isPeerReady = false

  /// nghttp2_session*: made in `init`, freed in `deinit`, never changed.
  let handle: OpaquePointer
  /// The stream that the frame being received belongs to: saves the look-up for each header field.
  var current: Stream?
  /// Header bytes of the block being received, as RFC 9113 section 6.5.2 counts them.
  var headerBytes = 0
  /// An answer was ended before its request: see `onFrameSent`.
  var hasEarlyEnd = false
  /// Where `pull` is writing now; see `Session+Output.swift`.
  var output = OutputCursor()

  private let makeStream: () -> Stream
  /// Every record ever made, live or waiting; the live ones are those with an id.
  private var streams: [Stream] = []
  private var free: [Stream] = []
  private var ready: [Stream] = []

  /// - Parameter makeStream: makes the records; each serves many streams, one after the other.
  public init(
    role: Role, configuration: SessionConfiguration, makeStream: @escaping () -> Stream
  ) {
    self.role = role
    self.configuration = configuration
    self.makeStream = makeStream

    var option: OpaquePointer?
    nghttp2_option_new(&option)
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_no_closed_streams(option, 1)
    nghttp2_option_set_max_outbound_ack(option, configuration.outboundAcksMax)
    nghttp2_option_set_max_settings(option, configuration.settingsEntriesMax)
    nghttp2_option_set_max_continuations(option, configuration.continuationsMax)
    nghttp2_option_set_stream_reset_rate_limit(
      option, UInt64(configuration.streamResetBurst), UInt64(configuration.streamResetsPerSecond))

    // The callbacks want a pointer to `self`, which exists only once every property is set: the
    // session is made with none, and gets it below.
    var handle: OpaquePointer?
    let status =
      role == .server
      ? nghttp2_session_server_new2(&handle, sessionCallbacks, nil, option)
      : nghttp2_session_client_new2(&handle, sessionCallbacks, nil, option)
    guard status == 0, let handle else { preconditionFailure("libnghttp2: out of memory") }
    self.handle = handle
    // The session is freed before `self` is, in `deinit`.
    nghttp2_session_set_user_data(handle, Unmanaged.passUnretained(self).toOpaque())
    self.submitSettings()
  }

  deinit { nghttp2_session_del(self.handle) }

  // MARK: - In

  /// Takes what the peer sent. Feed at most 16 KiB between two calls of `pull`, so that what the
  /// bytes make us answer stays bounded.
  public func receive(_ bytes: UnsafeRawBufferPointer) throws(SessionError) {
    // nghttp2 only reads the bytes, and keeps no pointer to them.
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let taken = nghttp2_session_mem_recv(self.handle, start, bytes.count)
    guard taken >= 0 else { throw SessionError(nghttp2: taken) }
  }

  /// Calls `act` for each stream that something happened to since the last time, in that order.
  ///
  /// A stream that was closed meanwhile is handed out once more, if it was ready or asked for it, and
  /// is recycled after `act`.
  public func drainReady(_ act: (Stream) -> Void) {
    var index = 0
    // By index: `act` may make further streams ready.
    while index < self.ready.count {
      let stream = self.ready[index]
      index += 1
      stream.isReady = false
      act(stream)
      if stream.closeCode != nil && !stream.isReady { self.recycle(stream) }
    }
    self.ready.removeAll(keepingCapacity: true)
  }

  /// Whether `drainReady` would do anything.
  public var hasReady: Bool { !self.ready.isEmpty }

  /// Gives the peer back the window that `count` received bytes of `stream` took.
  public func credit(_ stream: Stream, _ count: Int) {
    let count = min(count, stream.uncreditedBytes)
    guard count > 0 else { return }
    stream.uncreditedBytes -= count
    self.check(nghttp2_session_consume(self.handle, stream.id, count))
  }

  // MARK: - State

  /// The peer may still send something that matters to us.
  public var wantsRead: Bool { nghttp2_session_want_read(self.handle) != 0 }

  /// There is something to send, window permitting.
  public var wantsWrite: Bool { nghttp2_session_want_write(self.handle) != 0 }

  /// Frames waiting to be sent.
  public var queuedFrames: Int { nghttp2_session_get_outbound_queue_size(self.handle) }

  /// Streams open now.
  public var liveStreams: Int { self.streams.count - self.free.count }

  /// Calls `act` for each open stream.
  public func forEachLiveStream(_ act: (Stream) -> Void) {
    for stream in self.streams where stream.id != 0 { act(stream) }
  }

  /// Ends every open stream with `code`, as when the connection is lost; they become ready.
  public func closeAllStreams(_ code: ErrorCode) {
    for stream in self.streams where stream.id != 0 && stream.closeCode == nil {
      self.close(stream, code)
    }
  }

  // MARK: - For the callbacks

  func takeStream(id: Int32) -> Stream {
    let stream = self.free.popLast() ?? self.newStream()
    stream.id = id
    return stream
  }

  func markReady(_ stream: Stream) {
    guard !stream.isReady else { return }
    stream.isReady = true
    self.ready.append(stream)
  }

  func close(_ stream: Stream, _ code: ErrorCode) {
    stream.closeCode = code
    if self.current === stream { self.current = nil }
    if stream.reportsClose { self.markReady(stream) }
    if !stream.isReady { self.recycle(stream) }
  }

  func recycle(_ stream: Stream) {
    // What nobody took still counts against the connection's window.
    if stream.uncreditedBytes > 0 {
      self.check(nghttp2_session_consume_connection(self.handle, stream.uncreditedBytes))
    }
    stream.recycle(keepingBytes: self.configuration.recycledBufferMaxBytes)
    self.free.append(stream)
  }

  /// For calls that fail only when libnghttp2 finds no memory or is misused by us.
  func check(_ status: Int32, function: StaticString = #function) {
    precondition(status >= 0, "libnghttp2 in \(function): \(String(cString: nghttp2_strerror(status)))")
  }

  private func newStream() -> Stream {
    let stream = self.makeStream()
    self.streams.append(stream)
    return stream
  }

  private func submitSettings() {
    let configuration = self.configuration
    var settings = [
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, configuration.streamWindowBytes),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, configuration.headerListMaxBytes),
    ]
    switch self.role {
    case .server:
      settings.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, configuration.streamsMax))
      settings.append(entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1))
    case .client:
      settings.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    self.check(
      nghttp2_submit_settings(
        self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count))
    self.check(
      nghttp2_session_set_local_window_size(
        self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(configuration.connectionWindowBytes)))
  }
}

private func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
  nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(value))
}

extension SessionError {
  init(nghttp2 status: Int) {
    switch nghttp2_error(rawValue: Int32(status)) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: self = .badPreface
    case NGHTTP2_ERR_FLOODED: self = .flooded
    case NGHTTP2_ERR_NOMEM: self = .outOfMemory
    default: self = .protocolViolation
    }
  }
}
