/// A handle on one HTTP/2 stream: what nghttp2's callbacks recorded of it, and what it has to send.
///
/// The record behind it belongs to the session, which uses it again for later streams: whoever keeps
/// a handle beyond a turn keeps the session too, and compares `id` with the one it was taken with.
/// A handle rather than a class, because a stream is touched some fifty times in a call: reference
/// counting and exclusivity checks took a third of the time of a call before.
public struct Stream: Equatable {
  let record: UnsafeMutablePointer<StreamRecord>

  /// The stream id, or 0 while the record waits for its next stream.
  public var id: Int32 { self.record.pointee.id }

  /// The layer above's own record of the stream. The session keeps it with the stream's record, for
  /// every stream that this serves, and does nothing else with it.
  public var context: UnsafeMutableRawPointer? {
    get { self.record.pointee.context }
    nonmutating set { self.record.pointee.context = newValue }
  }

  /// The first header block is whole.
  public var isHeadReceived: Bool { self.record.pointee.isHeadReceived }

  /// A header list was over its limits; the fields beyond them are lost.
  public var isHeaderListTooLarge: Bool { self.record.pointee.isHeaderListTooLarge }

  /// The peer has sent all it is going to.
  public var isEndReceived: Bool { self.record.pointee.isEndReceived }

  /// Why the stream ended, or nil while it has not.
  public var closeCode: ErrorCode? { self.record.pointee.closeCode }

  /// The head was handed to `Session.respond`, or to `Session.request`.
  public var isHeadSubmitted: Bool { self.record.pointee.isHeadSubmitted }

  /// How many body bytes came and were not taken yet.
  public var inboundCount: Int { self.record.pointee.inbound.count }

  /// Bytes of our body that were sent so far.
  public var sentBytes: Int { self.record.pointee.sentBytes }

  /// Bytes of our body that nghttp2 has not taken yet.
  public var outboundCount: Int { self.record.pointee.outbound.count }

  /// Takes the first `count` of the body bytes that came.
  public func consumeInbound(_ count: Int) { self.record.pointee.inbound.consume(count) }

  /// Takes all body bytes that came.
  public func discardInbound() { self.record.pointee.inbound.removeAll() }

  /// Puts what `write` puts into a span of exactly `size` bytes in the place of the body bytes that
  /// came: another form of the same message. What the peer is credited does not change.
  public func replaceInbound(size: Int, _ write: (inout OutputRawSpan) -> Void) {
    self.record.pointee.inbound.removeAll()
    self.record.pointee.inbound.append(size: size, write)
  }

  /// Set by the layer above for a stream whose end it must hear of: the session then reports the
  /// stream as ready once more when it closes, and recycles it only after that.
  public var reportsClose: Bool {
    get { self.record.pointee.reportsClose }
    nonmutating set { self.record.pointee.reportsClose = newValue }
  }

  /// Set by the layer above to hear when the body has drained to this many bytes or fewer: the
  /// stream is then reported as ready once, and the mark is taken back.
  public var drainMark: Int? {
    get { self.record.pointee.drainMark }
    nonmutating set { self.record.pointee.drainMark = newValue }
  }
}

/// What a session keeps of one stream. Allocated once, used for many streams one after the other,
/// and freed with the session.
struct StreamRecord: ~Copyable {
  var id: Int32 = 0
  var context: UnsafeMutableRawPointer?
  /// What the peer sent first: a request's head on a server, a response's on a client.
  var headers = HeaderBlock()
  /// What the peer sent after its body, if anything.
  var trailers = HeaderBlock()
  /// Body bytes that came and were not taken yet.
  var inbound = ByteStore()
  var outbound = OutboundBody()
  /// Received bytes that the peer was not yet credited for.
  var uncreditedBytes = 0
  /// Body bytes that nghttp2 has taken.
  var sentBytes = 0
  /// What the buffers keep while the record waits for its next stream.
  var recycledBytes = 0
  var drainMark: Int?
  var closeCode: ErrorCode?
  var isHeadReceived = false
  var isHeaderListTooLarge = false
  var isEndReceived = false
  var isHeadSubmitted = false
  var reportsClose = false
  /// nghttp2 asked for body bytes when there were none; it asks again after resume_data.
  var isDeferred = false
  /// In the session's ready list now.
  var isReady = false
  /// The next in the ready list, or in the free list.
  var next: UnsafeMutablePointer<StreamRecord>?

  /// Forgets a head whose status is 1xx.
  mutating func dropInterimHead() -> Bool {
    guard !self.isHeadReceived && self.headers.isInterim else { return false }
    self.headers.recycle(capacityMaxBytes: .max)
    return true
  }

  mutating func recycle(keepingBytes limit: Int) {
    self.id = 0
    self.headers.recycle(capacityMaxBytes: limit)
    self.trailers.recycle(capacityMaxBytes: limit)
    self.inbound.recycle(capacityMaxBytes: limit)
    self.outbound.recycle(capacityMaxBytes: limit)
    self.recycledBytes =
      self.headers.capacity + self.trailers.capacity + self.inbound.capacity
      + self.outbound.bytes.capacity
    self.uncreditedBytes = 0
    self.sentBytes = 0
    self.drainMark = nil
    self.closeCode = nil
    self.isHeadReceived = false
    self.isHeaderListTooLarge = false
    self.isEndReceived = false
    self.isHeadSubmitted = false
    self.reportsClose = false
    self.isDeferred = false
    self.isReady = false
    self.next = nil
  }
}
