// What a stream has received, as spans. They are good until the stream is changed or recycled, which
// their user does not let happen while reading them.
extension Stream {
  /// Body bytes that came and were not taken yet.
  public var inboundBytes: RawSpan {
    @_lifetime(borrow self)
    get { self.view(self.inboundBuffer) }
  }

  /// The head as it was recorded. Two heads with equal bytes hold the same fields in the same order.
  public var headBytes: RawSpan {
    @_lifetime(borrow self)
    get { self.view(self.headBuffer) }
  }

  /// The fields of the head: of a request on a server, of a response on a client.
  public var headFields: HeaderFields {
    @_lifetime(borrow self)
    get { HeaderFields(self.view(self.headBuffer)) }
  }

  /// The trailers as they were recorded; empty while there are none.
  public var trailerBytes: RawSpan {
    @_lifetime(borrow self)
    get { self.view(self.trailerBuffer) }
  }

  /// The fields of the trailers.
  public var trailerFields: HeaderFields {
    @_lifetime(borrow self)
    get { HeaderFields(self.view(self.trailerBuffer)) }
  }

  /// `inboundBytes` for who must tie them to another lifetime than the handle's.
  public var inboundBuffer: UnsafeRawBufferPointer { self.record.pointee.inbound.buffer }

  /// The bytes of our body that nghttp2 has not taken yet, a spliced value left out.
  public var outboundBuffer: UnsafeRawBufferPointer { self.record.pointee.outbound.bytes.buffer }

  /// `headBytes` for who must tie them to another lifetime than the handle's.
  public var headBuffer: UnsafeRawBufferPointer { self.record.pointee.headers.buffer }

  /// `trailerBytes` for who must tie them to another lifetime than the handle's.
  public var trailerBuffer: UnsafeRawBufferPointer { self.record.pointee.trailers.buffer }

  @_lifetime(borrow self)
  private func view(_ buffer: UnsafeRawBufferPointer) -> RawSpan {
    // The stores keep their memory until they are changed; see above.
    _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
  }
}
