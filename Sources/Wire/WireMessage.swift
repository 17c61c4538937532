/// A protobuf message that can be written. Reading is each message's own `init(decoding:)`.
public protocol WireMessage: ~Copyable, ~Escapable {
  /// Writes all fields, in the order of their numbers. The same values must give the same fields
  /// each time: a message is counted first and written afterwards.
  @_lifetime(sink: copy sink)
  borrowing func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink)
}

extension WireMessage where Self: ~Copyable & ~Escapable {
  /// Exactly the bytes that `encode` writes.
  @inlinable
  public var encodedSize: Int {
    var counter = SizeCounter()
    self.encode(into: &counter)
    return counter.size
  }

  /// The message in an array of its own, for cold paths.
  @inlinable
  public borrowing func serialized() -> [UInt8] {
    let size = self.encodedSize
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, initializedCount in
      // The array's memory is uninitialised, and the span is the only way to it until `finalize`.
      var output = unsafe OutputRawSpan(
        buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
      self.encode(into: &output)
      initializedCount = unsafe output.finalize(for: UnsafeMutableRawBufferPointer(buffer))
    }
  }
}
