/// A sink that only counts: what a message would take, in bytes.
@frozen public struct SizeCounter: FieldSink {
  @usableFromInline var count = 0

  /// Counts from zero.
  @inlinable
  public init() {}

  /// Bytes so far.
  @inlinable
  public var size: Int { self.count }

  @inlinable
  public mutating func append(varint value: UInt64) {
    self.count += Varint.size(value)
  }

  @inlinable
  public mutating func append(fixed32 value: UInt32) {
    self.count += 4
  }

  @inlinable
  public mutating func append(fixed64 value: UInt64) {
    self.count += 8
  }

  @inlinable
  public mutating func append(bytes: RawSpan) {
    self.count += bytes.byteCount
  }

  /// Trusts `size` instead of counting again, which would double the work at each level of nesting.
  @inlinable
  public mutating func append<Message: WireMessage & ~Copyable & ~Escapable>(
    fieldsOf message: borrowing Message, size: Int
  ) {
    self.count += size
  }

  /// Counts a `bytes` or `string` field by the size of its value, as `bytes(field:_:)` would write it.
  @inlinable
  public mutating func bytes(field: Int, count: Int) {
    guard count > 0 else { return }
    self.lengthPrefix(field: field, size: count)
    self.skip(byteCount: count)
  }

  /// Counts bytes that will be written by other means than this sink, such as a spliced value.
  @inlinable
  public mutating func skip(byteCount: Int) {
    self.count += byteCount
  }
}
