internal import Glibc

/// The header fields of one block as they came, recorded byte by byte and read on demand.
///
///     | name length u32 | value length u32 | name | value |   repeated, in the machine's byte order
///
/// A call is served from a handful of these fields; the others are never copied out.
struct HeaderBlock: ~Copyable {
  private var store = ByteStore()
  /// How many fields there are.
  private(set) var count = 0

  init() {}

  /// Memory that the record takes, in bytes.
  var capacity: Int { self.store.capacity }

  /// The record as a whole, until it is next changed.
  var buffer: UnsafeRawBufferPointer { self.store.buffer }

  /// Whether this is the head of an interim response: `:status`, which comes first, is 1xx.
  var isInterim: Bool {
    // Two lengths, the name, and the first digit of the value: see the layout above.
    let prefix = 8 + ":status".utf8.count
    return self.buffer.count > prefix && self.buffer[prefix] == UInt8(ascii: "1")
      && self.buffer[8..<prefix].elementsEqual(":status".utf8)
  }

  @inline(__always)
  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    self.store.append(name: name, value: value)
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

  /// - Parameter record: a head as `Stream.headBytes` has it.
  @_lifetime(copy record)
  public init(_ record: RawSpan) { self.rest = record }

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
  /// Whether the bytes are those of `other`.
  public func equals(_ other: RawSpan) -> Bool {
    guard self.byteCount == other.byteCount else { return false }
    return self.withUnsafeBytes { left in
      other.withUnsafeBytes { right in
        guard let left = left.baseAddress, let right = right.baseAddress else { return true }
        // Both are `byteCount` bytes long.
        return memcmp(left, right, self.byteCount) == 0
      }
    }
  }

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
