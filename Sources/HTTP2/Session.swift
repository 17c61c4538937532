internal import CNGHTTP2

/// One HTTP/2 connection without its socket: bytes go in, ready streams and bytes come out.
///
/// libnghttp2 frames, compresses headers and keeps the flow-control windows; its callbacks only
/// record (see `Session+Callbacks.swift`). One turn of a connection is always
///
///     receive(bytes) -> while let stream = nextReady() { act; done(stream) } -> pull(into: output)
///
/// A session is used by one thread at a time.
public final class Session {
  /// Which end of the connection this is.
  public enum Role: Sendable { case server, client }

  /// The peer's farewell.
  public struct GoAway: Equatable, Sendable {
    /// Streams above this one were not processed, and may be tried again elsewhere.
    public let lastStreamID: Int32
    public let code: ErrorCode
    /// What the peer says about it; for people.
    public let debugText: String
  }

  /// Allocated in `init`, freed in `deinit`, and the user data of every callback.
  let core: UnsafeMutablePointer<SessionCore>
  /// nghttp2_session*; the same as in `core`, for calls during which `core` is written.
  let handle: OpaquePointer

  /// Where nghttp2's memory comes from.
  private let pool: MemoryPool

  /// - Parameter pool: shared by sessions that are used on the same thread.
  public init(
    role: Role, configuration: SessionConfiguration, pool: MemoryPool = MemoryPool()
  ) {
    self.pool = pool
    var option: OpaquePointer?
    nghttp2_option_new(&option)
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_no_closed_streams(option, 1)
    nghttp2_option_set_max_outbound_ack(option, configuration.outboundAcksMax)
    nghttp2_option_set_max_settings(option, configuration.settingsEntriesMax)
    // `PeerConduct` counts both, and says GOAWAY with a reason. nghttp2 counts CONTINUATIONs wrongly:
    // each piece in which the nine bytes of a frame's head arrive is one more (until 1.70).
    nghttp2_option_set_max_continuations(
      option, (FrameHead.byteCount + 1) * configuration.continuationsMax)
    nghttp2_option_set_stream_reset_rate_limit(option, .max, .max)

    self.core = .allocate(capacity: 1)
    var handle: OpaquePointer?
    let status =
      role == .server
      ? nghttp2_session_server_new3(
        &handle, sessionCallbacks, self.core, option, pool.nghttp2)
      : nghttp2_session_client_new3(
        &handle, sessionCallbacks, self.core, option, pool.nghttp2)
    guard status == 0, let handle else { preconditionFailure("libnghttp2: out of memory") }
    self.handle = handle
    self.core.initialize(to: SessionCore(role: role, configuration: configuration, handle: handle))
    self.submitSettings(role, configuration)
  }

  deinit {
    nghttp2_session_del(self.handle)
    self.core.deinitialize(count: 1)
    self.core.deallocate()
  }

  // MARK: - In

  /// Takes what the peer sent. Feed at most 16 KiB between two calls of `pull`, so that what the
  /// bytes make us answer stays bounded.
  ///
  /// - Parameter now: uptime in nanoseconds, which a server's budgets refill with.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64 = 0) throws(SessionError) {
    let isServer = self.core.pointee.role == .server
    if isServer { try self.judge(bytes, now) }
    // nghttp2 only reads the bytes, and keeps no pointer to them.
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let taken = nghttp2_session_mem_recv(self.handle, start, bytes.count)
    guard taken >= 0 else { throw self.failure(taken) }
    // In client role, what waits is mostly calls of our own.
    guard isServer else { return }
    let waiting = nghttp2_session_get_outbound_queue_size(self.handle)
    guard waiting <= self.core.pointee.configuration.outboundFramesMax else {
      throw self.end(.outboundAcks)
    }
  }

  /// The next stream that something happened to, in the order in which it did; hand it back to
  /// `done`. A stream that was closed meanwhile comes once more, if it was ready or asked for it.
  public func nextReady() -> Stream? {
    self.core.pointee.nextReady().map(Stream.init(record:))
  }

  /// Takes back a stream that `nextReady` gave out. One that is closed is recycled.
  public func done(_ stream: Stream) {
    if stream.closeCode != nil && !stream.record.pointee.isReady {
      self.core.pointee.recycle(stream.record)
    }
  }

  /// What is in `bytes` against the budgets of the client, and what came of those before.
  private func judge(_ bytes: UnsafeRawBufferPointer, _ now: UInt64) throws(SessionError) {
    self.core.pointee.now = now
    let framesSent = self.core.pointee.framesSent
    var offence = self.core.pointee.conduct.judge(bytes, now: now, framesSent: framesSent)
    if self.core.pointee.faults > 0 {
      let count = self.core.pointee.faults
      self.core.pointee.faults = 0
      offence = offence ?? self.core.pointee.conduct.failed(count, now: now)
    }
    if self.core.pointee.droppedFields > 0 {
      let count = self.core.pointee.droppedFields
      self.core.pointee.droppedFields = 0
      offence =
        offence
        ?? self.core.pointee.conduct.dropped(count, now: now, framesSent: framesSent)
    }
    let refusals = self.core.pointee.refusals - self.core.pointee.refusalsJudged
    if refusals > 0 {
      self.core.pointee.refusalsJudged += refusals
      offence =
        offence ?? self.core.pointee.conduct.refused(refusals, now: now, framesSent: framesSent)
    }
    switch offence {
    case nil: return
    case .limit(let limit): throw self.end(limit)
    case .streamPassedOver:
      self.goAway(.protocolError, debugText: "HEADERS on a stream that was passed over")
      throw .protocolViolation
    }
  }

  /// Queues the farewell to a peer that has run into `limit`.
  private func end(_ limit: SessionLimit) -> SessionError {
    self.goAway(.enhanceYourCalm, debugText: limit.goAwayText)
    return .limitReached(limit)
  }

  /// What nghttp2 gave up with. Its session is whole still, but for want of memory, and can say so.
  private func failure(_ status: Int) -> SessionError {
    if let limit = self.core.pointee.reachedLimit { return self.end(limit) }
    switch nghttp2_error(rawValue: Int32(status)) {
    case NGHTTP2_ERR_FLOODED: return self.end(.outboundAcks)
    default: return SessionError(nghttp2: status)
    }
  }

  /// Whether the peer's window for `stream` itself is used up, whatever that of the connection is.
  public func isWindowShut(_ stream: Stream) -> Bool {
    nghttp2_session_get_stream_remote_window_size(self.handle, stream.id) <= 0
  }

  /// Whether `nextReady` has anything.
  public var hasReady: Bool { self.core.pointee.hasReady }

  /// Gives the peer back the window that `count` received bytes of `stream` took, or all of it.
  public func credit(_ stream: Stream, _ count: Int = .max) {
    let count = min(count, stream.record.pointee.uncreditedBytes)
    guard count > 0 else { return }
    stream.record.pointee.uncreditedBytes -= count
    checkNGHTTP2(nghttp2_session_consume(self.handle, stream.id, count))
  }

  /// Drops the body bytes of `stream` that were not taken, credits the peer, and gives back memory
  /// above `keepingBytes` (nil: `recycledBufferMaxBytes`): the stream may stay open for as long as the
  /// peer likes.
  public func discardInbound(_ stream: Stream, keepingBytes: Int? = nil) {
    self.credit(stream)
    stream.record.pointee.inbound.recycle(
      capacityMaxBytes: keepingBytes
        ?? self.core.pointee.configuration.recycledBufferMaxBytes)
  }

  // MARK: - State

  public var role: Role { self.core.pointee.role }

  /// The peer's GOAWAY, once it has sent one.
  public var goAway: GoAway? { self.core.pointee.goAway }

  /// Acknowledgements of our PINGs so far.
  public var pingAcks: Int { self.core.pointee.pingAcks }

  /// The peer's SETTINGS came, so that it does speak HTTP/2.
  public var isPeerReady: Bool { self.core.pointee.isPeerReady }

  /// The peer has acknowledged our SETTINGS: from here on it knows our limits.
  public var isSettingsAcknowledged: Bool { self.core.pointee.isSettingsAcknowledged }

  /// All bytes that a client has sent. Server role, as are the next four.
  public var receivedBytes: Int { self.core.pointee.conduct.scanner.receivedBytes }

  /// Frames that a client has begun to send, a header block counted as one.
  public var receivedFrames: Int { self.core.pointee.conduct.scanner.units }

  /// The highest stream that the client has opened; 0: none.
  public var lastStream: Int32 { self.core.pointee.conduct.lastStream }

  /// Streams refused because the client had as many open as it may.
  public var refusedStreams: Int { self.core.pointee.refusals }

  /// The frame or header block that has begun and not ended, by its number, or nil. DATA is none.
  public var openUnit: Int? { self.core.pointee.conduct.scanner.openUnit }

  /// The peer may still send something that matters to us.
  public var wantsRead: Bool { nghttp2_session_want_read(self.handle) != 0 }

  /// Frames received and sent, of the kinds that tell of trouble.
  public var frameCounts: FrameCounts { self.core.pointee.frameCounts }

  /// Bytes that the peer lets us send on the connection now, whatever its streams allow.
  public var sendWindowBytes: Int { Int(nghttp2_session_get_remote_window_size(self.handle)) }

  /// Bytes that the peer may send on the connection now, whatever its streams allow.
  public var receiveWindowBytes: Int { Int(nghttp2_session_get_local_window_size(self.handle)) }

  /// There is something to send, window permitting.
  public var wantsWrite: Bool { nghttp2_session_want_write(self.handle) != 0 }

  /// Body bytes appended and not sent yet, all streams together, spliced values included.
  public var queuedBytes: Int { self.core.pointee.queuedBytes }

  /// Those of `queuedBytes` that lie in memory of their owners, which they keep alive.
  public var splicedBytes: Int { self.core.pointee.splicedBytes }

  /// The most streams that were ever open at once.
  public var peakStreams: Int { self.core.pointee.records.count }

  /// Streams open now.
  public var liveStreams: Int { self.core.pointee.liveStreams }

  /// The open stream `id`, or nil.
  public func stream(_ id: Int32) -> Stream? {
    guard id > 0 else { return nil }
    if let record = self.core.pointee.record(id) { return Stream(record: record) }
    // A request that waits for the peer's SETTINGS_MAX_CONCURRENT_STREAMS: nghttp2 opens it later.
    return self.core.pointee.records.first { $0.pointee.id == id }.map(Stream.init(record:))
  }

  /// Whether nothing of the request on `stream` was ever written: it waits for the first `pull`, or
  /// for the peer's SETTINGS_MAX_CONCURRENT_STREAMS. Client role.
  public func isQueued(_ stream: Stream) -> Bool {
    // nghttp2 opens a stream when it writes the request's HEADERS.
    self.role == .client && stream.closeCode == nil
      && nghttp2_session_find_stream(self.handle, stream.id) == nil
  }

  /// Calls `act` for each open stream.
  public func forEachLiveStream(_ act: (Stream) -> Void) {
    for record in self.core.pointee.records where record.pointee.id != 0 {
      act(Stream(record: record))
    }
  }

  /// Ends every open stream with `code`, as when the connection is lost; those whose end somebody
  /// waits for become ready. Requests that were never sent end with REFUSED_STREAM.
  public func closeAllStreams(_ code: ErrorCode) {
    self.forEachLiveStream { stream in
      guard stream.closeCode == nil else { return }
      self.core.pointee.close(stream.record, self.isQueued(stream) ? .refusedStream : code)
    }
  }

  private func submitSettings(_ role: Role, _ configuration: SessionConfiguration) {
    var settings = [
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, configuration.streamWindowBytes),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, configuration.headerListMaxBytes),
    ]
    switch role {
    case .server:
      settings.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, configuration.streamsMax))
      settings.append(entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1))
    case .client:
      settings.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    checkNGHTTP2(nghttp2_submit_settings(self.handle, none, settings, settings.count))
    checkNGHTTP2(
      nghttp2_session_set_local_window_size(
        self.handle, none, 0, Int32(configuration.connectionWindowBytes)))
  }
}

private func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
  nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(value))
}

extension SessionError {
  init(nghttp2 status: Int) {
    switch nghttp2_error(rawValue: Int32(status)) {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC: self = .badPreface
    case NGHTTP2_ERR_NOMEM: self = .outOfMemory
    default: self = .protocolViolation
    }
  }
}
