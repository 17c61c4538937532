/// Writes into the caller's memory, which must have room: running out is a bug of ours (the size was
/// counted by the same code), so it traps.
extension OutputRawSpan: FieldSink {
  @inlinable
  @_lifetime(self: copy self)
  public mutating func append(varint value: UInt64) {
    if value < 0x80 {
      self.append(UInt8(truncatingIfNeeded: value))
      return
    }
    var rest = value
    while rest >= 0x80 {
      self.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    self.append(UInt8(truncatingIfNeeded: rest))
  }

  @inlinable
  @_lifetime(self: copy self)
  public mutating func append(fixed32 value: UInt32) {
    self.append(value.littleEndian, as: UInt32.self)
  }

  @inlinable
  @_lifetime(self: copy self)
  public mutating func append(fixed64 value: UInt64) {
    self.append(value.littleEndian, as: UInt64.self)
  }

  @inlinable
  @_lifetime(self: copy self)
  public mutating func append(bytes: RawSpan) {
    let count = bytes.byteCount
    guard count > 0 else { return }
    precondition(count <= self.freeCapacity, "the output is smaller than the size announced")
    // The source has `count` bytes and the precondition found room for them behind `filled`. Two
    // live spans cannot overlap here: the output is held exclusively.
    unsafe bytes.withUnsafeBytes { source in
      unsafe self.withUnsafeMutableBytes { output, filled in
        unsafe output.baseAddress.unsafelyUnwrapped.advanced(by: filled)
          .copyMemory(from: source.baseAddress.unsafelyUnwrapped, byteCount: count)
        filled += count
      }
    }
  }

  @inlinable
  @_lifetime(self: copy self)
  public mutating func append<Message: WireMessage & ~Copyable & ~Escapable>(
    fieldsOf message: borrowing Message, size: Int
  ) {
    let start = self.byteCount
    message.encode(into: &self)
    precondition(self.byteCount - start == size, "a message changed between counting and writing")
  }
}
