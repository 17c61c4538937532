/// Writes into the caller's memory, which must have room: running out is a bug of ours (the size
/// was counted by the same code), so it traps.
extension OutputRawSpan: FieldSink {
  @inlinable
  @inline(__always)
  @_lifetime(self: copy self)
  public mutating func append(varint value: UInt64) {
    if value < 0x80 {
      self.append(UInt8(truncatingIfNeeded: value))
    } else {
      self.append(longVarint: value)
    }
  }

  /// Apart from `append(varint:)`, so that only the one-byte case, which all our tags are, is
  /// copied into callers.
  @usableFromInline
  @_lifetime(self: copy self)
  mutating func append(longVarint value: UInt64) {
    let size = Varint.size(value)
    precondition(size <= self.freeCapacity, "the output is smaller than the size announced")
    unsafe self.withUnsafeMutableBytes { output, filled in
      // Every index is below `filled + size`, for which the precondition found room.
      let start = unsafe output.baseAddress.unsafelyUnwrapped.advanced(by: filled)
      var rest = value
      for index in 0..<size - 1 {
        unsafe start.storeBytes(
          of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: index, as: UInt8.self)
        rest >>= 7
      }
      unsafe start.storeBytes(
        of: UInt8(truncatingIfNeeded: rest), toByteOffset: size - 1, as: UInt8.self)
      filled += size
    }
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
