/// A cursor over the bytes of one message. Owns nothing: the compiler keeps the bytes alive.
///
/// Read a message as a loop over its fields; a field of no interest must be skipped:
///
///     var reader = WireReader(bytes)
///     while let field = try reader.nextField() {
///       switch field.number {
///       case 1: key = try reader.string(field)
///       case 2: version = try reader.uint64(field)
///       default: try reader.skip(field)
///       }
///     }
///
/// Typed reads take the field, so that a value with another wire type than the declared one is an
/// error. Other implementations treat such a value as an unknown field; but a Set whose key went
/// missing that way is better refused than understood as something else.
///
/// After an error the reader's position is unspecified.
@frozen public struct WireReader: ~Escapable {
  /// How many messages may be nested inside the outermost one. Other implementations have the same.
  public static let nestingMax = 100
  /// No field may be longer. Protobuf's own limit for a whole message: 2 GiB - 1.
  public static let lengthMaxBytes = 0x7fff_ffff

  @usableFromInline let bytes: RawSpan
  /// Always in `0...bytes.byteCount`.
  @usableFromInline var offset = 0
  /// How many more levels `message` may open.
  @usableFromInline let nestingLeft: Int

  /// Reads the message that `bytes` hold, whole.
  ///
  /// - Parameter nestingMax: how many messages may be nested inside this one; at least 0.
  @inlinable
  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan, nestingMax: Int = WireReader.nestingMax) {
    self.bytes = bytes
    self.nestingLeft = nestingMax
  }

  /// Bytes that were not read yet.
  @inlinable
  public var bytesLeft: Int { self.bytes.byteCount - self.offset }

  /// What was not read yet; before the first read, the whole message.
  @inlinable
  public var remaining: RawSpan {
    @_lifetime(copy self)
    get { self.bytes.extracting(self.offset...) }
  }

  /// The next tag, or nil at the end of the message.
  ///
  /// - Throws: `truncated`, `varintTooLong`, `fieldNumberInvalid`, `wireTypeInvalid`,
  ///   `groupUnsupported`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func nextField() throws(WireError) -> WireField? {
    guard self.offset < self.bytes.byteCount else { return nil }
    let tag = try self.varint()
    let number = tag >> 3
    guard number >= 1, number <= UInt64(WireField.numberMax) else { throw .fieldNumberInvalid }
    guard let type = WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else {
      throw tag & 7 == 3 || tag & 7 == 4 ? .groupUnsupported : .wireTypeInvalid
    }
    return WireField(number: Int(truncatingIfNeeded: number), type: type)
  }

  /// One bare varint, as packed repeated fields hold them. For a field's value use the typed reads.
  ///
  /// - Throws: `truncated`, `varintTooLong`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func varint() throws(WireError) -> UInt64 {
    guard self.offset < self.bytes.byteCount else { throw .truncated }
    // The guard above has checked the bounds.
    let first = unsafe self.bytes.unsafeLoad(fromUncheckedByteOffset: self.offset, as: UInt8.self)
    if first < 0x80 {
      self.offset += 1
      return UInt64(first)
    }
    return try self.longVarint()
  }

  /// Apart from `varint`, so that only the one-byte case is copied into callers.
  @usableFromInline
  @_lifetime(self: copy self)
  mutating func longVarint() throws(WireError) -> UInt64 {
    let available = min(self.bytesLeft, Varint.bytesMax)
    var value: UInt64 = 0
    for index in 0..<available {
      // `offset + index < byteCount`, because `index < available <= bytesLeft`.
      let byte = unsafe self.bytes.unsafeLoad(
        fromUncheckedByteOffset: self.offset + index, as: UInt8.self)
      // The shift is below 64, so that nothing is masked: index is at most 9, and 7 * 9 = 63.
      value |= UInt64(byte & 0x7f) &<< UInt64(7 * index)
      if byte < 0x80 {
        // Nine bytes carry 63 bits: of the tenth only the lowest bit is left.
        if index == Varint.bytesMax - 1, byte > 1 { throw .varintTooLong }
        self.offset += index + 1
        return value
      }
    }
    throw available == Varint.bytesMax ? .varintTooLong : .truncated
  }

  /// The bytes behind a length, which is read first.
  @inlinable
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func lengthDelimited() throws(WireError) -> RawSpan {
    let length = try self.varint()
    guard length <= UInt64(WireReader.lengthMaxBytes) else { throw .lengthTooLong }
    let count = Int(truncatingIfNeeded: length)
    guard count <= self.bytesLeft else { throw .truncated }
    let start = self.offset
    self.offset += count
    return self.bytes.extracting(start..<self.offset)
  }
}
