internal import CNGHTTP2

/// Where `Session.pull` is writing.
struct OutputCursor {
  /// Memory not written yet; empty outside `pull`.
  var free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  /// What nghttp2 handed out and did not fit; valid until nghttp2_session_mem_send is called again.
  var leftover = UnsafeRawBufferPointer(start: nil, count: 0)
  /// A DATA frame did not fit, and waits inside nghttp2.
  var isDataWaiting = false

  /// Copies as much of `leftover` as fits.
  mutating func writeLeftover() {
    let count = min(self.leftover.count, self.free.count)
    self.write(UnsafeRawBufferPointer(rebasing: self.leftover.prefix(count)))
    self.leftover = UnsafeRawBufferPointer(rebasing: self.leftover.dropFirst(count))
  }

  mutating func write(_ bytes: UnsafeRawBufferPointer) {
    self.free.copyMemory(from: bytes)
    self.free = UnsafeMutableRawBufferPointer(rebasing: self.free[bytes.count...])
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
      self.output.free = UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...])
      self.output.isDataWaiting = false
      self.output.writeLeftover()
      let result = self.output.leftover.isEmpty ? self.fill() : .success(true)
      initialized = buffer.count - self.output.free.count
      self.output.free = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      return result
    }
    return try result.get()
  }

  private func fill() -> Result<Bool, SessionError> {
    while true {
      var chunk: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(self.handle, &chunk)
      guard count >= 0 else { return .failure(SessionError(nghttp2: count)) }
      guard count > 0 else { return .success(self.output.isDataWaiting) }
      self.output.leftover = UnsafeRawBufferPointer(start: chunk, count: count)
      self.output.writeLeftover()
      guard self.output.leftover.isEmpty else { return .success(true) }
    }
  }
}

/// The source of every body we send: says how much there is; `onSendData` then copies it.
let bodyReader: nghttp2_data_source_read_callback = {
  handle, id, _, length, flags, source, _ in
  // Set in `Session.provider` to a record that its session keeps; nghttp2 asks only for open streams.
  let stream = Unmanaged<Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
  let count = min(length, stream.outbound.count)
  let isEnd = stream.outbound.isFinished && count == stream.outbound.count
  if count == 0 && !isEnd {
    stream.isDeferred = true
    return Int(NGHTTP2_ERR_DEFERRED.rawValue)
  }
  flags!.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
  if isEnd {
    flags!.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    if let trailers = stream.outbound.trailers {
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
  let session = session(context)
  // See `bodyReader`. Frames are never padded: no select_padding callback is set.
  let stream = Unmanaged<Stream>.fromOpaque(source!.pointee.ptr).takeUnretainedValue()
  guard session.output.free.count >= 9 + count else {
    session.output.isDataWaiting = true
    return NGHTTP2_ERR_WOULDBLOCK.rawValue
  }
  session.output.write(UnsafeRawBufferPointer(start: head, count: 9))
  stream.outbound.read(into: UnsafeMutableRawBufferPointer(rebasing: session.output.free[..<count]))
  session.output.free = UnsafeMutableRawBufferPointer(rebasing: session.output.free[count...])
  if let mark = stream.drainMark, stream.outbound.count <= mark {
    stream.drainMark = nil
    session.markReady(stream)
  }
  return 0
}

/// After the last frame of an answer to a request that has not ended: RST_STREAM(NO_ERROR), so that
/// the client stops sending (RFC 9113, section 8.1). nghttp2 would drop trailers queued behind a
/// reset, so this waits until they are written.
func onFrameSent(
  _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let session = session(context)
  guard session.hasEarlyEnd else { return 0 }
  let head = frame!.pointee.hd
  guard head.type == NGHTTP2_HEADERS.rawValue,
    head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
    nghttp2_session_get_stream_remote_close(session.handle, head.stream_id) == 0
  else { return 0 }
  return nghttp2_submit_rst_stream(
    session.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), head.stream_id, NGHTTP2_NO_ERROR.rawValue)
}
