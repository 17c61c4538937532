/// One function for each protobuf type. Field numbers are in `1...WireField.numberMax`; messages
/// write them in ascending order, as all implementations do, so that equal messages are equal
/// bytes.
extension FieldSink where Self: ~Copyable & ~Escapable {
  /// The tag in front of a value.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func tag(field: Int, _ type: WireType) {
    assert(field >= 1 && field <= WireField.numberMax, "a field number outside protobuf's range")
    self.append(varint: UInt64(truncatingIfNeeded: field) << 3 | UInt64(type.rawValue))
  }

  /// A `uint64`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func uint64(
    field: Int, _ value: UInt64, presence: FieldPresence = .implicit
  ) {
    guard value != 0 || presence == .explicit else { return }
    self.tag(field: field, .varint)
    self.append(varint: value)
  }

  /// An `int64`. Negative values take ten bytes.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func int64(field: Int, _ value: Int64, presence: FieldPresence = .implicit) {
    self.uint64(field: field, UInt64(bitPattern: value), presence: presence)
  }

  /// A `uint32`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func uint32(
    field: Int, _ value: UInt32, presence: FieldPresence = .implicit
  ) {
    self.uint64(field: field, UInt64(value), presence: presence)
  }

  /// An `int32` or an enum. Negative values take ten bytes, being sign-extended to 64 bits.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func int32(field: Int, _ value: Int32, presence: FieldPresence = .implicit) {
    self.int64(field: field, Int64(value), presence: presence)
  }

  /// A `sint64`: zigzag, so that small negative values are short.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func sint64(field: Int, _ value: Int64, presence: FieldPresence = .implicit) {
    self.uint64(field: field, Varint.zigzag(value), presence: presence)
  }

  /// A `bool`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func bool(field: Int, _ value: Bool, presence: FieldPresence = .implicit) {
    self.uint64(field: field, value ? 1 : 0, presence: presence)
  }

  /// A `fixed64`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func fixed64(
    field: Int, _ value: UInt64, presence: FieldPresence = .implicit
  ) {
    guard value != 0 || presence == .explicit else { return }
    self.tag(field: field, .fixed64)
    self.append(fixed64: value)
  }

  /// A `fixed32`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func fixed32(
    field: Int, _ value: UInt32, presence: FieldPresence = .implicit
  ) {
    guard value != 0 || presence == .explicit else { return }
    self.tag(field: field, .fixed32)
    self.append(fixed32: value)
  }

  /// A `bytes` value.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func bytes(
    field: Int, _ value: RawSpan, presence: FieldPresence = .implicit
  ) {
    guard !value.isEmpty || presence == .explicit else { return }
    self.lengthPrefix(field: field, size: value.byteCount)
    self.append(bytes: value)
  }

  /// A `string`.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func string(
    field: Int, _ value: String, presence: FieldPresence = .implicit
  ) {
    self.bytes(field: field, value.utf8Span.span.bytes, presence: presence)
  }

  /// A `string` whose UTF-8 is at hand. The caller answers for its being UTF-8.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func string(
    field: Int, utf8 value: RawSpan, presence: FieldPresence = .implicit
  ) {
    self.bytes(field: field, value, presence: presence)
  }

  /// An embedded message. A message field has explicit presence: it is written even when empty.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func message<Message: WireMessage & ~Copyable & ~Escapable>(
    field: Int, _ message: borrowing Message
  ) {
    let size = message.encodedSize
    self.lengthPrefix(field: field, size: size)
    self.append(fieldsOf: message, size: size)
  }

  /// The tag and the length in front of `size` bytes that the caller then appends.
  @inlinable
  @_lifetime(self: copy self)
  public mutating func lengthPrefix(field: Int, size: Int) {
    self.tag(field: field, .lengthDelimited)
    self.append(varint: UInt64(truncatingIfNeeded: size))
  }
}
