/// Typed reads of one field's value. Each throws `wireTypeMismatch` unless the field has the wire
/// type of the declaration, and `truncated` where the message ends too early.
extension WireReader {
  /// A `uint64`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func uint64(_ field: WireField) throws(WireError) -> UInt64 {
    guard field.type == .varint else { throw .wireTypeMismatch }
    return try self.varint()
  }

  /// An `int64`: two's complement in a varint.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func int64(_ field: WireField) throws(WireError) -> Int64 {
    Int64(bitPattern: try self.uint64(field))
  }

  /// A `uint32`. Higher bits are dropped, as protobuf says for a field that was once wider.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func uint32(_ field: WireField) throws(WireError) -> UInt32 {
    UInt32(truncatingIfNeeded: try self.uint64(field))
  }

  /// An `int32` or an enum. Higher bits are dropped; negative values come in ten bytes.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func int32(_ field: WireField) throws(WireError) -> Int32 {
    Int32(truncatingIfNeeded: try self.uint64(field))
  }

  /// A `sint64`: zigzag in a varint.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func sint64(_ field: WireField) throws(WireError) -> Int64 {
    Varint.unzigzag(try self.uint64(field))
  }

  /// A `bool`: every varint but 0 is true.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func bool(_ field: WireField) throws(WireError) -> Bool {
    try self.uint64(field) != 0
  }

  /// A `fixed64`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func fixed64(_ field: WireField) throws(WireError) -> UInt64 {
    guard field.type == .fixed64 else { throw .wireTypeMismatch }
    guard self.bytesLeft >= 8 else { throw .truncated }
    // Eight bytes are left, and every bit pattern is a UInt64.
    let value = unsafe self.bytes.unsafeLoadUnaligned(
      fromByteOffset: self.offset, as: UInt64.self)
    self.offset += 8
    return UInt64(littleEndian: value)
  }

  /// A `fixed32`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func fixed32(_ field: WireField) throws(WireError) -> UInt32 {
    guard field.type == .fixed32 else { throw .wireTypeMismatch }
    guard self.bytesLeft >= 4 else { throw .truncated }
    // Four bytes are left, and every bit pattern is a UInt32.
    let value = unsafe self.bytes.unsafeLoadUnaligned(
      fromByteOffset: self.offset, as: UInt32.self)
    self.offset += 4
    return UInt32(littleEndian: value)
  }

  /// A `bytes` value, or a whole packed field: a part of the message's own bytes.
  ///
  /// - Throws: also `varintTooLong`, `lengthTooLong`.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func bytes(_ field: WireField) throws(WireError) -> RawSpan {
    guard field.type == .lengthDelimited else { throw .wireTypeMismatch }
    return try self.lengthDelimited()
  }

  /// A `string`, as its UTF-8: a part of the message's own bytes.
  ///
  /// - Throws: also `varintTooLong`, `lengthTooLong`, `notUTF8`.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func string(_ field: WireField) throws(WireError) -> RawSpan {
    let bytes = try self.bytes(field)
    guard UTF8Validation.isValid(bytes) else { throw .notUTF8 }
    return bytes
  }

  /// A reader of an embedded message, one level deeper. This reader stands behind it at once.
  ///
  /// - Throws: also `varintTooLong`, `lengthTooLong`, `nestingTooDeep`.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func message(_ field: WireField) throws(WireError) -> WireReader {
    guard self.nestingLeft > 0 else { throw .nestingTooDeep }
    return WireReader(try self.bytes(field), nestingMax: self.nestingLeft - 1)
  }

  /// Steps over the value of a field that the reader does not know.
  ///
  /// - Throws: also `varintTooLong`, `lengthTooLong`.
  @_lifetime(self: copy self)
  public mutating func skip(_ field: WireField) throws(WireError) {
    switch field.type {
    case .varint: _ = try self.varint()
    case .fixed64: _ = try self.fixed64(field)
    case .lengthDelimited: _ = try self.lengthDelimited()
    case .fixed32: _ = try self.fixed32(field)
    }
  }
}
