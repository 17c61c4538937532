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
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, onInvalidHeader)
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrame)
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunk)
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
  nghttp2_session_callbacks_set_send_data_callback(callbacks, onSendData)
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, onFrameSent)
  return callbacks
}()

/// The session's state, which nghttp2 was given as user data.
@inline(__always)
func core(_ context: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<SessionCore> {
  // Set in Session.init to the core of the session that owns the nghttp2 session, which calls back
  // only while one of its own methods runs.
  context!.assumingMemoryBound(to: SessionCore.self)
}

private func onBeginHeaders(
  _ handle: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?,
  _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  let id = frame!.pointee.hd.stream_id
  core.pointee.headerBytes = 0
  if core.pointee.role == .server && frame!.pointee.headers.cat == NGHTTP2_HCAT_REQUEST {
    let record = core.pointee.take(id: id)
    core.pointee.current = record
    return nghttp2_session_set_stream_user_data(handle, id, record)
  }
  core.pointee.current = core.pointee.record(id)
  return 0
}

private func onHeader(
  _: OpaquePointer?, _: UnsafePointer<nghttp2_frame>?,
  _ name: UnsafePointer<UInt8>?, _ nameCount: Int,
  _ value: UnsafePointer<UInt8>?, _ valueCount: Int,
  _: UInt8, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  guard let record = core.pointee.current else { return 0 }
  core.pointee.headerBytes += nameCount + valueCount + 32
  let isHead = !record.pointee.isHeadReceived
  let count = isHead ? record.pointee.headers.count : record.pointee.trailers.count
  guard core.pointee.headerBytes <= core.pointee.configuration.headerListMaxBytes,
    count < core.pointee.configuration.headersMax
  else {
    record.pointee.isHeaderListTooLarge = true
    return core.pointee.checkHeaderExcess(nameCount + valueCount + 32)
  }
  let name = UnsafeRawBufferPointer(start: name, count: nameCount)
  let value = UnsafeRawBufferPointer(start: value, count: valueCount)
  if isHead {
    record.pointee.headers.append(name: name, value: value)
  } else {
    record.pointee.trailers.append(name: name, value: value)
  }
  return 0
}

/// A field that HTTP forbids: nghttp2 drops it, which an honest client with an odd value should get
/// away with.
private func onInvalidHeader(
  _: OpaquePointer?, _: UnsafePointer<nghttp2_frame>?,
  _: UnsafePointer<UInt8>?, _ nameCount: Int, _: UnsafePointer<UInt8>?, _ valueCount: Int,
  _: UInt8, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  core.pointee.droppedFields += 1
  core.pointee.headerBytes += nameCount + valueCount + 32
  guard core.pointee.headerBytes > core.pointee.configuration.headerListMaxBytes else { return 0 }
  return core.pointee.checkHeaderExcess(nameCount + valueCount + 32)
}

private func onFrame(
  _: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  let head = frame!.pointee.hd
  // Not the frames that every call has.
  if head.type > NGHTTP2_HEADERS.rawValue { core.pointee.frameCounts.received(head) }
  switch nghttp2_frame_type(UInt32(head.type)) {
  case NGHTTP2_HEADERS, NGHTTP2_DATA:
    guard let record = core.pointee.record(head.stream_id) else { return 0 }
    if head.type == NGHTTP2_HEADERS.rawValue {
      // Interim responses (RFC 9110, section 15.2) announce another head, and say nothing to us.
      guard !record.pointee.dropInterimHead() else { return 0 }
      record.pointee.isHeadReceived = true
    }
    if head.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 {
      record.pointee.isEndReceived = true
    }
    core.pointee.markReady(record)
  case NGHTTP2_SETTINGS:
    if head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 {
      core.pointee.isSettingsAcknowledged = true
    } else {
      core.pointee.isPeerReady = true
    }
  case NGHTTP2_PING:
    if head.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { core.pointee.pingAcks += 1 }
  case NGHTTP2_GOAWAY:
    let goAway = frame!.pointee.goaway
    let text = UnsafeBufferPointer(start: goAway.opaque_data, count: goAway.opaque_data_len)
    core.pointee.goAway = Session.GoAway(
      lastStreamID: goAway.last_stream_id, code: ErrorCode(rawValue: goAway.error_code),
      debugText: String(decoding: text, as: UTF8.self))
  default:
    break
  }
  return 0
}

private func onDataChunk(
  _ handle: OpaquePointer?, _: UInt8, _ id: Int32,
  _ bytes: UnsafePointer<UInt8>?, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  guard let record = core.pointee.record(id) else {
    return nghttp2_session_consume_connection(handle, count)
  }
  record.pointee.inbound.append(UnsafeRawBufferPointer(start: bytes, count: count))
  record.pointee.uncreditedBytes += count
  core.pointee.markReady(record)
  return 0
}

private func onStreamClose(
  _: OpaquePointer?, _ id: Int32, _ code: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
  let core = core(context)
  if let record = core.pointee.record(id) {
    core.pointee.close(record, ErrorCode(rawValue: code))
  }
  return 0
}
