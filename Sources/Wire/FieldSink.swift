/// Where a message writes its fields. Two exist: `SizeCounter` and the standard library's
/// `OutputRawSpan`. A message lists its fields once, for any sink, so that the size that was
/// announced and the bytes that follow cannot disagree.
///
/// Messages use the functions named after protobuf types in `FieldSink+Fields.swift`; what is
/// required here are the few primitives underneath.
public protocol FieldSink: ~Copyable, ~Escapable {
  /// One bare varint.
  @_lifetime(self: copy self)
  mutating func append(varint value: UInt64)
  /// Four bytes, little-endian.
  @_lifetime(self: copy self)
  mutating func append(fixed32 value: UInt32)
  /// Eight bytes, little-endian.
  @_lifetime(self: copy self)
  mutating func append(fixed64 value: UInt64)
  /// Bytes as they are.
  @_lifetime(self: copy self)
  mutating func append(bytes: RawSpan)
  /// The fields of an embedded message.
  ///
  /// - Parameter size: what `message.encodedSize` said.
  @_lifetime(self: copy self)
  mutating func append<Message: WireMessage & ~Copyable & ~Escapable>(
    fieldsOf message: borrowing Message, size: Int)
}

/// Whether a field that has its default value is written (protobuf's "field presence").
@frozen public enum FieldPresence {
  /// Not written: the reader cannot tell unset from default. Plain proto3 scalars.
  case implicit
  /// Written: members of a oneof, and elements of a repeated field.
  case explicit
}
