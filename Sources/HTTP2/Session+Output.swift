internal import CNGHTTP2

/// Where `Session.pull` is writing.
struct OutputCursor {
  /// Memory not written yet; empty outside `pull`.
  private(set) var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// What nghttp2 handed out and did not fit; valid until nghttp2_session_mem_send is called again.
  private(set) var leftover = UnsafeRawBufferPointer(start: nil, count: 0)
  /// A DATA frame did not fit, and waits inside nghttp2.
  var isDataWaiting = false

  mutating func begin(_ target: UnsafeMutableRawBufferPointer) {
    self.free = target
    self.isDataWaiting = false
    self.writeChunk(self.leftover)
  }

  /// - Returns: how many bytes of the target were not written.
  mutating func end() -> Int {
    defer { self.free = UnsafeMutableRawBufferPointer(start: nil, count: 0) }
    return self.free.count
  }

  /// Copies as much of `chunk` as fits, and keeps the rest as `leftover`.
  mutating func writeChunk(_ chunk: UnsafeRawBufferPointer) {
    let count = min(chunk.count, self.free.count)
    self.write(UnsafeRawBufferPointer(rebasing: chunk.prefix(count)))
    self.leftover = UnsafeRawBufferPointer(rebasing: chunk.dropFirst(count))
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) {
    self.claim(bytes.count).copyMemory(from: bytes)
  }

  /// The next `count` bytes of the target, for the caller to fill.
  mutating func claim(_ count: Int) -> UnsafeMutableRawBufferPointer {
    let claimed = UnsafeMutableRawBufferPointer(rebasing: self.free[..<count])
    self.free = UnsafeMutableRawBufferPointer(rebasing: self.free[count...])
    return claimed
  }
}

extension Session {
  /// One frame as we send it: nghttp2 1.52 never makes DATA payloads longer than 16 KiB.
  public static let frameMaxBytes = 9 + (16 << 10)

  /// Writes what is to be sent to `target`, which needs room for `frameMaxBytes` at least.
  ///
  /// - Returns: true if there is more than fitted.
  public func pull(into target: inout OutputRawSpan) throws(SessionError) -> Bool {
    let result = target.withUnsafeMutableBytes { buffer, initialized in
      self.core.pointee.output.begin(
        UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...]))
      let result = self.fill()
      initialized = buffer.count - self.core.pointee.output.end()
      return result
    }
    return try result.get()
  }

  private func fill() -> Result<Bool, SessionError> {
    while self.core.pointee.output.leftover.isEmpty {
      var chunk: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(self.handle, &chunk)
      guard count >= 0 else { return .failure(SessionError(nghttp2: count)) }
      guard count > 0 else { return .success(self.core.pointee.output.isDataWaiting) }
      self.core.pointee.output.writeChunk(UnsafeRawBufferPointer(start: chunk, count: count))
    }
    return .success(true)
  }
}

/// The source of every body we send: says how much there is; `onSendData` then copies it.
let bodyReader: nghttp2_data_source_read_callback = {
  handle, id, _, length, flags, source, _ in
  // Set in `Session.provider` to a record that lives as long as the session.
  let record = source!.pointee.ptr.assumingMemoryBound(to: StreamRecord.self)
  let count = min(length, record.pointee.outbound.count)
  let isEnd = record.pointee.outbound.isFinished && count == record.pointee.outbound.count
  if count == 0 && !isEnd {
    record.pointee.isDeferred = true
    return Int(NGHTTP2_ERR_DEFERRED.rawValue)
  }
  flags!.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
  if isEnd {
    flags!.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    if let trailers = record.pointee.outbound.trailers {
      flags!.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      // The one thing that nghttp2 wants done from a callback: trailers must not overtake the body.
      let status = nghttp2_submit_trailer(handle, id, trailers.pointer, trailers.count)
      if status != 0 { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
    }
  }
  return count
}

/// Writes one DATA frame straight from the stream's body to the output.
func onSendData(
  _: OpaquePointer?, _: UnsafeMutablePointer<nghttp2_frame>?, _ head: UnsafePointer<UInt8>?,
  _ count: Int, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
  _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  // See `bodyReader`. Frames are never padded: no select_padding callback is set.
  let record = source!.pointee.ptr.assumingMemoryBound(to: StreamRecord.self)
  guard core.pointee.output.free.count >= 9 + count else {
    core.pointee.output.isDataWaiting = true
    return NGHTTP2_ERR_WOULDBLOCK.rawValue
  }
  record.pointee.sentBytes += count
  core.pointee.output.write(UnsafeRawBufferPointer(start: head, count: 9))
  let spliced = record.pointee.outbound.splicedCount
  record.pointee.outbound.read(into: core.pointee.output.claim(count))
  core.pointee.queuedBytes -= count
  if spliced > 0 {
    core.pointee.splicedBytes -= spliced - record.pointee.outbound.splicedCount
  }
  if let mark = record.pointee.drainMark, record.pointee.outbound.count <= mark {
    record.pointee.drainMark = nil
    core.pointee.markReady(record)
  }
  return 0
}

/// Counts what goes out: HEADERS and DATA, and RST_STREAM where it is the peer's fault. nghttp2 sends
/// that for broken streams; we refuse with REFUSED_STREAM, and end with the other three.
func onFrameSent(
  _ handle: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?,
  _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  let head = frame!.pointee.hd
  switch nghttp2_frame_type(UInt32(head.type)) {
  case NGHTTP2_DATA:
    core.pointee.framesSent += 1
  case NGHTTP2_HEADERS:
    core.pointee.framesSent += 1
    if core.pointee.hasEarlyEnd { return endEarly(handle, head) }
  case NGHTTP2_RST_STREAM:
    core.pointee.frameCounts.sent(head)
    switch ErrorCode(rawValue: frame!.pointee.rst_stream.error_code) {
    case .refusedStream: core.pointee.refusals += 1
    case .noError, .cancel, .enhanceYourCalm: break
    default: core.pointee.faults += 1
    }
  default: core.pointee.frameCounts.sent(head)
  }
  return 0
}

/// After the last frame of an answer to a request that has not ended: RST_STREAM(NO_ERROR), so that
/// the client stops sending (RFC 9113, section 8.1). nghttp2 would drop trailers queued behind a
/// reset, so this waits until they are written.
private func endEarly(_ handle: OpaquePointer?, _ head: nghttp2_frame_hd) -> Int32 {
  guard head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
    nghttp2_session_get_stream_remote_close(handle, head.stream_id) == 0
  else { return 0 }
  return nghttp2_submit_rst_stream(
    handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), head.stream_id, NGHTTP2_NO_ERROR.rawValue)
}
