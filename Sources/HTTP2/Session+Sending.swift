internal import CNGHTTP2

// What the layer above does to streams and to the connection. All of it is queued; `pull` sends it.
// A stream that was closed meanwhile is left alone: that race is legal.
extension Session {
  // MARK: - Streams

  /// Starts the answer to `stream`: its head now, its body as it is appended. Server role.
  public func respond(_ stream: Stream, head: HeaderList) {
    guard stream.closeCode == nil else { return }
    stream.record.pointee.isHeadSubmitted = true
    var provider = self.provider(stream)
    checkNGHTTP2(
      nghttp2_submit_response(self.handle, stream.id, head.pointer, head.count, &provider))
  }

  /// Answers `stream` with a head and nothing else. Server role.
  public func respondOnly(_ stream: Stream, head: HeaderList) {
    guard stream.closeCode == nil else { return }
    stream.record.pointee.isHeadSubmitted = true
    self.noteEnd(stream)
    checkNGHTTP2(nghttp2_submit_response(self.handle, stream.id, head.pointer, head.count, nil))
  }

  /// Opens a stream: its head now, its body as it is appended. Client role.
  ///
  /// - Returns: nil when the connection takes no more streams (GOAWAY came, or ids have run out).
  public func request(head: HeaderList) -> Stream? {
    let stream = Stream(record: self.core.pointee.take(id: -1))
    stream.record.pointee.isHeadSubmitted = true
    var provider = self.provider(stream)
    let id = nghttp2_submit_request(
      self.handle, nil, head.pointer, head.count, &provider,
      stream.record)
    guard id > 0 else {
      self.core.pointee.recycle(stream.record)
      return nil
    }
    stream.record.pointee.id = id
    return stream
  }

  /// Appends what `write` puts into a span of exactly `size` bytes to the body of `stream`.
  public func append(to stream: Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    stream.record.pointee.outbound.append(size: size, write)
    self.core.pointee.queuedBytes += size
    self.resume(stream)
  }

  /// Appends a copy of `bytes` to the body of `stream`.
  public func append(to stream: Stream, _ bytes: UnsafeRawBufferPointer) {
    stream.record.pointee.outbound.append(bytes)
    self.core.pointee.queuedBytes += bytes.count
    self.resume(stream)
  }

  /// Appends `value`, which `owner` keeps alive, to the body of `stream` without copying it now.
  /// One at a time, and not empty.
  public func splice(_ value: UnsafeRawBufferPointer, owner: AnyObject, into stream: Stream) {
    stream.record.pointee.outbound.splice(value, owner: owner)
    self.core.pointee.queuedBytes += value.count
    self.core.pointee.splicedBytes += value.count
    self.resume(stream)
  }

  /// Overwrites four bytes of a body that nghttp2 has not taken anything of yet.
  public func overwrite(in stream: Stream, at offset: Int, bigEndian value: UInt32) {
    stream.record.pointee.outbound.overwrite(at: offset, bigEndian: value)
  }

  /// Puts what `write` puts into a span of exactly `size` bytes in the place of a body that nghttp2
  /// has not taken anything of yet.
  public func replaceBody(of stream: Stream, size: Int, _ write: (inout OutputRawSpan) -> Void) {
    self.core.pointee.queuedBytes += size - stream.record.pointee.outbound.bytes.count
    stream.record.pointee.outbound.replace(size: size, write)
  }

  /// Ends the body of `stream`, with trailers where there are some.
  public func finish(_ stream: Stream, trailers: HeaderList? = nil) {
    stream.record.pointee.outbound.finish(trailers: trailers)
    self.noteEnd(stream)
    self.resume(stream)
  }

  /// Ends `stream` at once, in both directions.
  public func reset(_ stream: Stream, _ code: ErrorCode) {
    guard stream.closeCode == nil else { return }
    checkNGHTTP2(
      nghttp2_submit_rst_stream(
        self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue))
  }

  // MARK: - Connection

  /// Says that no streams beyond those under way will be taken, without naming the last one yet
  /// (RFC 9113, section 6.8: the first of two GOAWAYs). Server role.
  public func announceShutdown() {
    checkNGHTTP2(nghttp2_submit_shutdown_notice(self.handle))
  }

  /// Says goodbye: streams up to the last one that came are served to their end.
  public func goAway(_ code: ErrorCode, debugText: String = "") {
    let last = nghttp2_session_get_last_proc_stream_id(self.handle)
    let text = Array(debugText.utf8)
    checkNGHTTP2(
      nghttp2_submit_goaway(
        self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code.rawValue, text, text.count))
  }

  /// Asks the peer for a sign of life; see `pingAcks`.
  public func ping() {
    checkNGHTTP2(nghttp2_submit_ping(self.handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil))
  }

  /// A server that ends a stream before its client has must say that it wants no more.
  private func noteEnd(_ stream: Stream) {
    if self.role == .server && !stream.isEndReceived { self.core.pointee.hasEarlyEnd = true }
  }

  private func resume(_ stream: Stream) {
    guard stream.record.pointee.isDeferred && stream.closeCode == nil else { return }
    stream.record.pointee.isDeferred = false
    checkNGHTTP2(nghttp2_session_resume_data(self.handle, stream.id))
  }

  private func provider(_ stream: Stream) -> nghttp2_data_provider {
    nghttp2_data_provider(source: .init(ptr: stream.record), read_callback: bodyReader)
  }
}
