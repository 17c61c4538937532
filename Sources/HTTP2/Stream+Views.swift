// What a stream has received, as spans. The compiler cannot see that memory behind a property of a
// class outlives the access to that property, so these say it: the bytes are good until the stream
// is changed, which its user does not do while reading them.
extension Stream {
  /// Body bytes that came and were not taken yet.
  public final var inboundBytes: RawSpan {
    @_lifetime(borrow self)
    get { self.view(self.inbound.buffer) }
  }

  /// The head as it was recorded. Two heads with equal bytes hold the same fields in the same order.
  public final var headBytes: RawSpan {
    @_lifetime(borrow self)
    get { self.view(self.headers.buffer) }
  }

  /// The fields of the head: of a request on a server, of a response on a client.
  public final var headFields: HeaderFields {
    @_lifetime(borrow self)
    get { HeaderFields(self.view(self.headers.buffer)) }
  }

  /// The fields of the trailers.
  public final var trailerFields: HeaderFields {
    @_lifetime(borrow self)
    get { HeaderFields(self.view(self.trailers.buffer)) }
  }

  /// `inboundBytes` for who must tie them to another lifetime than the stream's.
  public final var inboundBuffer: UnsafeRawBufferPointer { self.inbound.buffer }

  /// `headBytes` for who must tie them to another lifetime than the stream's.
  public final var headBuffer: UnsafeRawBufferPointer { self.headers.buffer }

  @_lifetime(borrow self)
  private final func view(_ buffer: UnsafeRawBufferPointer) -> RawSpan {
    // The stores keep their memory until they are changed; see above.
    _overrideLifetime(RawSpan(_unsafeBytes: buffer), borrowing: self)
  }
}
