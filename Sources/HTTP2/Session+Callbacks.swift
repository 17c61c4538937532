internal import CNGHTTP2

// Everything nghttp2 calls while it receives. Callbacks record, and never act: sending or receiving
// from here is forbidden (nghttp2 Programmers' Guide, Remarks), and it is what keeps a connection's
// turn readable: all records first, then all actions.

/// nghttp2_session_callbacks*, shared by all sessions.
///
/// `nonisolated(unsafe)`: filled before anyone sees it, and only read by libnghttp2 afterwards.
nonisolated(unsafe) let sessionCallbacks: OpaquePointer = {
  var callbacks: OpaquePointer?
  nghttp2_session_callbacks_new(&callbacks)
  guard let callbacks else { preconditionFailure("libnghttp2: out of memory") }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
  nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrame)
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunk)
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
  nghttp2_session_callbacks_set_send_data_callback(callbacks, onSendData)
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
  return callbacks
}()

/// The session that nghttp2 was given as user data.
@inline(__always)
func session(_ context: UnsafeMutableRawPointer?) -> Session {
  // Set in Session.init to the session that owns the nghttp2 session, which calls back only while
  // one of its own methods runs.
  Unmanaged<Session>.fromOpaque(context!).takeUnretainedValue()
}

extension Session {
  /// The record of an open stream, or nil for one that nghttp2 no longer knows.
  @inline(__always)
  func stream(_ id: Int32) -> Stream? {
    if let current = self.current, current.id == id { return current }
    guard let pointer = nghttp2_session_get_stream_user_data(self.handle, id) else { return nil }
    // Set to a record that `streams` keeps for as long as the session lives.
    return Unmanaged<Stream>.fromOpaque(pointer).takeUnretainedValue()
  }
}

private func onBeginHeaders(
  _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let session = session(context)
  let id = frame!.pointee.hd.stream_id
  session.headerBytes = 0
  if session.role == .server && frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
    let stream = session.takeStream(id: id)
    session.current = stream
    // `streams` keeps the record alive; see `Session.stream`.
    let pointer = Unmanaged.passUnretained(stream).toOpaque()
    return nghttp2_session_set_stream_user_data(session.handle, id, pointer)
  }
  session.current = session.stream(id)
  return 0
}

private func onHeader(
  _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?,
  _ name: UnsafePointer<UInt8>?, _ nameCount: Int,
  _ value: UnsafePointer<UInt8>?, _ valueCount: Int,
  _: UInt8, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let session = session(context)
  guard let stream = session.current else { return 0 }
  session.headerBytes += nameCount + valueCount + 32
  let count = stream.isHeadReceived ? stream.trailers.count : stream.headers.count
  guard session.headerBytes <= session.configuration.headerListMaxBytes,
    count < session.configuration.headersMax
  else {
    stream.isHeaderListTooLarge = true
    return 0
  }
  let name = UnsafeRawBufferPointer(start: name, count: nameCount)
  let value = UnsafeRawBufferPointer(start: value, count: valueCount)
  if stream.isHeadReceived {
    stream.trailers.append(name: name, value: value)
  } else {
    stream.headers.append(name: name, value: value)
  }
  return 0
}

private func onFrame(
  _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let session = session(context)
  let head = frame!.pointee.hd
  switch nghttp2_frame_type(UInt32(head.type)) {
  case NGHTTP2_HEADERS, NGHTTP2_DATA:
    guard let stream = session.stream(head.stream_id) else { return 0 }
    if head.type == NGHTTP2_HEADERS.rawValue { stream.isHeadReceived = true }
    if head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { stream.isEndReceived = true }
    session.markReady(stream)
  case NGHTTP2_SETTINGS:
    session.isPeerReady = true
  case NGHTTP2_PING:
    if head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { session.pingAcks += 1 }
  case NGHTTP2_GOAWAY:
    let goAway = frame!.pointee.goaway
    let text = UnsafeBufferPointer(start: goAway.opaque_data, count: goAway.opaque_data_len)
    session.goAway = Session.GoAway(
      lastStreamID: goAway.last_stream_id, code: ErrorCode(rawValue: goAway.error_code),
      debugText: String(decoding: text, as: UTF8.self))
  default:
    break
  }
  return 0
}

private func onDataChunk(
  _: OpaquePointer?, _: UInt8, _ id: Int32,
  _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let session = session(context)
  guard let stream = session.stream(id) else {
    return nghttp2_session_consume_connection(session.handle, count)
  }
  stream.inbound.append(UnsafeRawBufferPointer(start: bytes, count: count))
  stream.uncreditedBytes += count
  session.markReady(stream)
  return 0
}

private func onStreamClose(
  _: OpaquePointer?, _ id: Int32, _ code: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let session = session(context)
  if let stream = session.stream(id) { session.close(stream, ErrorCode(rawValue: code)) }
  return 0
}
