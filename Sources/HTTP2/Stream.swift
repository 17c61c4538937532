internal import CNGHTTP2

/// One HTTP/2 stream: what nghttp2's callbacks recorded of it, and what it has to send.
///
/// Streams belong to their session, which uses them again for later streams; a reference is good for
/// as long as `id` is the one it was taken with. The layer above may subclass it to keep its own
/// state in the same place, and resets that state in `prepareForReuse`.
open class Stream {
  /// The stream id, or 0 while the record waits for its next stream.
  public internal(set) final var id: Int32 = 0
  /// What the peer sent first: a request's head on a server, a response's on a client.
  final var headers = HeaderBlock()
  /// What the peer sent after its body, if anything.
  final var trailers = HeaderBlock()
  /// Body bytes that came and were not taken yet.
  final var inbound = ByteStore()
  /// The first header block is whole.
  public internal(set) final var isHeadReceived = false
  /// A header list was over its limits; the fields beyond them are lost.
  public internal(set) final var isHeaderListTooLarge = false
  /// The peer has sent all it is going to.
  public internal(set) final var isEndReceived = false
  /// Why the stream ended, or nil while it has not.
  public internal(set) final var closeCode: ErrorCode?
  /// Set by the layer above for a stream whose end it must hear of: the session then reports the
  /// stream as ready once more when it closes, and recycles it only after that.
  public final var reportsClose = false

  /// Set by the layer above to hear when the body has drained to this many bytes or fewer: the
  /// stream is then reported as ready once, and the mark is taken back.
  public final var drainMark: Int?

  final var outbound = OutboundBody()
  /// Received bytes that the peer was not yet credited for.
  final var uncreditedBytes = 0
  /// In the session's ready list now.
  final var isReady = false
  /// nghttp2 asked for body bytes when there were none; it asks again after resume_data.
  final var isDeferred = false
  /// The head was submitted to nghttp2.
  final var isHeadSubmitted = false

  public init() {}

  /// Called when the record is about to serve another stream.
  open func prepareForReuse() {}

  /// How many body bytes came and were not taken yet.
  public final var inboundCount: Int { self.inbound.count }

  /// Takes the first `count` of the body bytes that came.
  public final func consumeInbound(_ count: Int) { self.inbound.consume(count) }

  /// Takes all body bytes that came.
  public final func discardInbound() { self.inbound.removeAll() }

  /// Bytes of the body that nghttp2 has not taken yet.
  public final var outboundBytes: Int { self.outbound.count }

  final func recycle(keepingBytes limit: Int) {
    self.prepareForReuse()
    self.id = 0
    self.headers.recycle(capacityMaxBytes: limit)
    self.trailers.recycle(capacityMaxBytes: limit)
    self.inbound.recycle(capacityMaxBytes: limit)
    self.outbound.recycle(capacityMaxBytes: limit)
    self.isHeadReceived = false
    self.isHeaderListTooLarge = false
    self.isEndReceived = false
    self.closeCode = nil
    self.reportsClose = false
    self.drainMark = nil
    self.uncreditedBytes = 0
    self.isReady = false
    self.isDeferred = false
    self.isHeadSubmitted = false
  }
}
