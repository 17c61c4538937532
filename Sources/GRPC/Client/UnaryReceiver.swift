internal import HTTP2

/// Is told of the answers to unary calls.
public protocol UnaryReceiver: AnyObject {
  /// The call that was made with `tag` has ended. Called once for each call that was not cancelled,
  /// on the connection's event loop, never from within `ClientConnection.call`. New calls may be
  /// made from here; they are sent at the end of the turn.
  func received(_ response: borrowing UnaryResponse, tag: UInt64)
}

/// The answer to one unary call, or why there is none. Its bytes are the connection's own, good
/// until `received` returns.
public struct UnaryResponse: ~Copyable {
  /// How the call ended.
  public let status: Status
  /// The call failed, and surely did nothing on the server: it may be made again, whatever it does.
  public let wasNotExecuted: Bool
  private let stream: HTTP2.Stream

  init(stream: HTTP2.Stream, status: Status, wasNotExecuted: Bool) {
    self.stream = stream
    self.status = status
    self.wasNotExecuted = wasNotExecuted
  }

  /// The server itself has ended the call, with `status`. False: that is what this end makes of a
  /// deadline, a reset or the loss of the connection, and what the call did is not known.
  public var isAnswered: Bool { self.stream.isEndReceived }

  public var isOK: Bool { self.status.code == .ok }

  /// The response message; empty unless the call went well.
  public var message: RawSpan {
    @_lifetime(borrow self)
    get {
      let body = self.stream.inboundBuffer
      guard self.isOK else { return RawSpan() }
      let message = UnsafeRawBufferPointer(rebasing: body[MessagePrefix.byteCount...])
      // The stream keeps what it received until the connection's turn goes on, which `self` does
      // not outlive: it cannot be copied, and is only lent.
      return _overrideLifetime(RawSpan(_unsafeBytes: message), borrowing: self)
    }
  }

  /// The metadata before the message, as it came.
  public var metadata: MetadataView {
    @_lifetime(borrow self)
    get {
      let block =
        self.isTrailersOnly
        ? UnsafeRawBufferPointer(start: nil, count: 0)
        : self.stream.headBuffer
      // As for `message`.
      let bytes = _overrideLifetime(RawSpan(_unsafeBytes: block), borrowing: self)
      return MetadataView(HeaderFields(bytes))
    }
  }

  /// The metadata after the message, as it came.
  public var trailers: MetadataView {
    @_lifetime(borrow self)
    get {
      let block =
        self.isTrailersOnly ? self.stream.headBuffer : self.stream.trailerBuffer
      // As for `message`.
      let bytes = _overrideLifetime(RawSpan(_unsafeBytes: block), borrowing: self)
      return MetadataView(HeaderFields(bytes))
    }
  }

  /// Head and trailers came in one block (PROTOCOL-HTTP2.md, "Trailers-Only").
  private var isTrailersOnly: Bool {
    self.stream.isEndReceived && self.stream.trailerBuffer.isEmpty
      && self.stream.inboundCount == 0
  }
}
