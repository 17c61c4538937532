/// The header fields of one block as they came, recorded byte by byte and read on demand.
///
///     | name length u32 | value length u32 | name | value |   repeated, in the machine's byte order
///
/// A call is served from a handful of these fields; the others are never copied out.
public struct HeaderBlock: ~Copyable {
  private var store = ByteStore()
  /// How many fields there are.
  public private(set) var count = 0

  init() {}

  /// The record as a whole. Two blocks with equal bytes hold the same fields in the same order.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    get { self.store.bytes }
  }

  /// The fields in the order they came.
  public var fields: HeaderFields {
    @_lifetime(borrow self)
    get { HeaderFields(self.store.bytes) }
  }

  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    self.store.reserve(8 + name.count + value.count)
    var lengths = (UInt32(name.count), UInt32(value.count))
    withUnsafeBytes(of: &lengths) { self.store.append($0) }
    self.store.append(name)
    self.store.append(value)
    self.count += 1
  }

  mutating func recycle(capacityMaxBytes: Int) {
    self.store.recycle(capacityMaxBytes: capacityMaxBytes)
    self.count = 0
  }
}

/// One header field; the name is lower case, as HTTP/2 has it.
public struct HeaderField: ~Escapable {
  public let name: RawSpan
  public let value: RawSpan

  @_lifetime(copy name, copy value)
  init(name: RawSpan, value: RawSpan) {
    self.name = name
    self.value = value
  }
}

/// Walks the fields of a `HeaderBlock`.
public struct HeaderFields: ~Escapable {
  private var rest: RawSpan

  @_lifetime(copy record)
  init(_ record: RawSpan) { self.rest = record }

  /// The next field, or nil after the last.
  @_lifetime(copy self)
  public mutating func next() -> HeaderField? {
    guard self.rest.byteCount >= 8 else { return nil }
    let nameCount = Int(self.rest.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self))
    let valueCount = Int(self.rest.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self))
    let field = HeaderField(
      name: self.rest.extracting(8..<8 + nameCount),
      value: self.rest.extracting(8 + nameCount..<8 + nameCount + valueCount))
    self.rest = self.rest.extracting((8 + nameCount + valueCount)...)
    return field
  }
}

extension RawSpan {
  /// Whether the bytes are those of `text`.
  @inlinable
  public func equals(_ text: StaticString) -> Bool {
    guard self.byteCount == text.utf8CodeUnitCount else { return false }
    return self.withUnsafeBytes { bytes in
      for index in 0..<bytes.count where bytes[index] != text.utf8Start[index] { return false }
      return true
    }
  }
}
