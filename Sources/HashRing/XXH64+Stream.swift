extension XXH64 {
  /// XXH64 over bytes that come in pieces. Holds back up to one stripe; allocates nothing.
  @frozen
  public struct Stream: Sendable {
    @usableFromInline var lanes = Lanes()
    /// The bytes that do not yet make a stripe; the first `heldBytes` count.
    @usableFromInline var held = InlineArray<32, UInt8>(repeating: 0)
    /// Between calls below `Lanes.stripeBytes`.
    @usableFromInline var heldBytes = 0
    @usableFromInline var totalBytes = 0

    /// Over nothing yet.
    @inlinable public init() {}

    @inlinable
    mutating func update(_ byte: UInt8) {
      self.held[self.heldBytes] = byte
      self.heldBytes += 1
      self.totalBytes += 1
      if self.heldBytes == Lanes.stripeBytes { self.consumeHeld() }
    }

    /// Goes on with these bytes.
    @inlinable
    public mutating func update(_ bytes: RawSpan) {
      var offset = 0
      if self.heldBytes > 0 {
        offset = min(Lanes.stripeBytes - self.heldBytes, bytes.byteCount)
        self.hold(bytes, from: 0, to: offset)
        if self.heldBytes == Lanes.stripeBytes { self.consumeHeld() }
      }
      // When bytes are still held, all of `bytes` went to them and both lines below do nothing.
      offset = self.lanes.consumeStripes(of: bytes, from: offset)
      self.hold(bytes, from: offset, to: bytes.byteCount)
      self.totalBytes += bytes.byteCount
    }

    /// The hash of all that came. Nothing may come after it.
    @inlinable
    public mutating func finalize() -> UInt64 {
      let converged = self.totalBytes >= Lanes.stripeBytes ? self.lanes.merged : XXH64.prime5
      // Modulo 2^64 by specification; a count is not negative.
      let start = converged &+ UInt64(truncatingIfNeeded: self.totalBytes)
      let tail = self.held.span.bytes.extracting(first: self.heldBytes)
      return XXH64.finish(start, tail: tail, from: 0)
    }

    @inlinable
    mutating func hold(_ bytes: RawSpan, from first: Int, to end: Int) {
      var offset = first
      while offset < end {
        // The callers keep `end` at or below the span's byte count; `held` checks its own bounds.
        self.held[self.heldBytes] = bytes.unsafeLoad(
          fromUncheckedByteOffset: offset, as: UInt8.self)
        self.heldBytes += 1
        offset += 1
      }
    }

    @inlinable
    mutating func consumeHeld() {
      _ = self.lanes.consumeStripes(of: self.held.span.bytes, from: 0)
      self.heldBytes = 0
    }
  }
}
