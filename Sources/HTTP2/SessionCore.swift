internal import CNGHTTP2

/// What the callbacks write: the state of a session, at an address that nghttp2 is given.
///
/// In raw memory rather than in the class, so that recording costs neither reference counting nor
/// exclusivity checks. No method of it calls nghttp2's receive or send, which would call back into
/// it.
struct SessionCore: ~Copyable {
  let role: Session.Role
  let configuration: SessionConfiguration
  /// nghttp2_session*
  let handle: OpaquePointer

  /// The stream that the last frame belonged to: saves the look-up for each header field.
  var current: UnsafeMutablePointer<StreamRecord>?
  /// Header bytes of the block being received, as RFC 9113 section 6.5.2 counts them.
  var headerBytes = 0
  /// Header bytes above the limits that the client may still send.
  var headerExcess: TokenBucket
  /// Of the last receive: uptime in nanoseconds.
  var now: UInt64 = 0
  /// An answer was ended before its request: see `onFrameSent`.
  var hasEarlyEnd = false
  /// Where `pull` is writing; see `Session+Output.swift`.
  var output = OutputCursor()

  /// Body bytes that wait to be sent, all streams together; and those of spliced values among them.
  var queuedBytes = 0
  var splicedBytes = 0

  var goAway: Session.GoAway?
  var pingAcks = 0
  var isPeerReady = false
  var isSettingsAcknowledged = false

  /// What the client has done, of a server.
  var conduct: PeerConduct
  /// HEADERS and DATA that we have sent.
  var framesSent = 0
  /// Streams that we reset because of the peer, and header fields that were dropped, since both were
  /// last judged.
  var faults = 0
  var droppedFields = 0
  /// Streams refused above SETTINGS_MAX_CONCURRENT_STREAMS, and how many of them were judged.
  var refusals = 0
  var refusalsJudged = 0
  /// A limit that the peer has run into inside nghttp2's receive.
  var reachedLimit: SessionLimit?
  var frameCounts = FrameCounts()

  /// Every record ever made, live or free; the live ones have an id.
  private(set) var records: [UnsafeMutablePointer<StreamRecord>] = []
  private(set) var liveStreams = 0
  private var free: UnsafeMutablePointer<StreamRecord>?
  /// Memory that the records on the free list keep.
  private(set) var recycledBytes = 0
  private var firstReady: UnsafeMutablePointer<StreamRecord>?
  private var lastReady: UnsafeMutablePointer<StreamRecord>?

  init(role: Session.Role, configuration: SessionConfiguration, handle: OpaquePointer) {
    self.role = role
    self.configuration = configuration
    self.handle = handle
    self.conduct = PeerConduct(configuration)
    self.headerExcess = TokenBucket(
      burst: configuration.headerListMaxBytes * SessionConfiguration.headerListExcess,
      perSecond: SessionConfiguration.headerExcessBytesPerSecond)
  }

  deinit {
    for record in self.records {
      record.deinitialize(count: 1)
      record.deallocate()
    }
  }

  /// The record of an open stream, or nil for one that nghttp2 no longer knows.
  func record(_ id: Int32) -> UnsafeMutablePointer<StreamRecord>? {
    if let current = self.current, current.pointee.id == id { return current }
    // Every stream's user data is set to a record, which lives as long as the session.
    return nghttp2_session_get_stream_user_data(self.handle, id)?
      .assumingMemoryBound(to: StreamRecord.self)
  }

  mutating func take(id: Int32) -> UnsafeMutablePointer<StreamRecord> {
    let record = self.free ?? self.newRecord()
    self.free = record.pointee.next
    record.pointee.next = nil
    record.pointee.id = id
    self.recycledBytes -= record.pointee.recycledBytes
    self.liveStreams += 1
    return record
  }

  private mutating func newRecord() -> UnsafeMutablePointer<StreamRecord> {
    let record = UnsafeMutablePointer<StreamRecord>.allocate(capacity: 1)
    record.initialize(to: StreamRecord())
    self.records.append(record)
    return record
  }

  /// What `onHeader` returns: a failure ends nghttp2's receive, in the middle of the header block.
  ///
  /// - Parameter bytes: of a field above the limits.
  mutating func checkHeaderExcess(_ bytes: Int) -> Int32 {
    guard self.role == .server, !self.headerExcess.take(bytes, now: self.now) else { return 0 }
    self.reachedLimit = .headerList
    return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
  }

  mutating func markReady(_ record: UnsafeMutablePointer<StreamRecord>) {
    guard !record.pointee.isReady else { return }
    record.pointee.isReady = true
    if let last = self.lastReady { last.pointee.next = record } else { self.firstReady = record }
    self.lastReady = record
  }

  var hasReady: Bool { self.firstReady != nil }

  mutating func nextReady() -> UnsafeMutablePointer<StreamRecord>? {
    guard let record = self.firstReady else { return nil }
    self.firstReady = record.pointee.next
    if self.firstReady == nil { self.lastReady = nil }
    record.pointee.next = nil
    record.pointee.isReady = false
    return record
  }

  mutating func close(_ record: UnsafeMutablePointer<StreamRecord>, _ code: ErrorCode) {
    record.pointee.closeCode = code
    if self.current == record { self.current = nil }
    if record.pointee.reportsClose { self.markReady(record) }
    if !record.pointee.isReady { self.recycle(record) }
  }

  mutating func recycle(_ record: UnsafeMutablePointer<StreamRecord>) {
    let uncredited = record.pointee.uncreditedBytes
    if uncredited > 0 {
      // What nobody took still counts against the connection's window.
      checkNGHTTP2(nghttp2_session_consume_connection(self.handle, uncredited))
    }
    self.queuedBytes -= record.pointee.outbound.count
    self.splicedBytes -= record.pointee.outbound.splicedCount
    let isFull = self.recycledBytes >= self.configuration.recycledBuffersMaxBytes
    record.pointee.recycle(
      keepingBytes: isFull ? 0 : self.configuration.recycledBufferMaxBytes)
    self.recycledBytes += record.pointee.recycledBytes
    record.pointee.next = self.free
    self.free = record
    self.liveStreams -= 1
  }
}

/// For calls that fail only when libnghttp2 finds no memory, or is misused by us.
func checkNGHTTP2(_ status: Int32, function: StaticString = #function) {
  precondition(
    status >= 0, "libnghttp2 in \(function): \(String(cString: nghttp2_strerror(status)))")
}
