/// Whether bytes are well-formed UTF-8. Cache keys are mostly short and mostly ASCII, and each is
/// checked once per call, so ASCII goes eight bytes at a time; the rest is the standard library's.
@frozen public enum UTF8Validation {
  /// The top bit of each of eight bytes: set in everything that is not ASCII.
  @inlinable static var nonASCII: UInt64 { 0x8080_8080_8080_8080 }

  /// True for well-formed UTF-8, the empty string included.
  @inlinable
  public static func isValid(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count >= 8 else { return Self.isValidShort(bytes) }
    var offset = 0
    // Long ones by 32 bytes, which spares three of four branches.
    while offset <= count - 32 {
      // `offset + 32 <= count`, by the loop's condition.
      let words =
        Self.word(bytes, offset) | Self.word(bytes, offset + 8)
        | Self.word(bytes, offset + 16) | Self.word(bytes, offset + 24)
      // All before `offset` is ASCII, so a character starts there; so it is below.
      guard words & Self.nonASCII == 0 else { return Self.isValidSlow(bytes.extracting(offset...)) }
      offset += 32
    }
    while offset <= count - 8 {
      // `offset + 8 <= count`, by the loop's condition.
      guard Self.word(bytes, offset) & Self.nonASCII == 0 else {
        return Self.isValidSlow(bytes.extracting(offset...))
      }
      offset += 8
    }
    // The last eight bytes once more, which covers the tail. `count >= 8`, checked above.
    return Self.word(bytes, count - 8) & Self.nonASCII == 0
      || Self.isValidSlow(bytes.extracting(offset...))
  }

  /// Eight bytes, in no particular order.
  ///
  /// - Parameter offset: in `0...bytes.byteCount - 8`; callers say why.
  @inlinable
  @inline(__always)
  static func word(_ bytes: RawSpan, _ offset: Int) -> UInt64 {
    assert(offset >= 0 && offset <= bytes.byteCount - 8)
    // The caller has checked the bounds, and every bit pattern is a UInt64.
    return unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
  }

  /// Fewer than eight bytes.
  @inlinable
  static func isValidShort(_ bytes: RawSpan) -> Bool {
    var all: UInt8 = 0
    for offset in 0..<bytes.byteCount {
      // `offset < byteCount`, by the loop's range.
      all |= unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }
    return all < 0x80 || Self.isValidSlow(bytes)
  }

  /// Any bytes; apart, so that only the ASCII paths are copied into callers.
  @usableFromInline
  static func isValidSlow(_ bytes: RawSpan) -> Bool {
    // Bytes of any value are UInt8s, and the closure does not let the pointer out.
    unsafe bytes.withUnsafeBytes { raw in
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: unsafe raw.assumingMemoryBound(to: UInt8.self).span)
        return true
      } catch {
        // Where and how it is malformed is of no use to the caller: the field is refused.
        return false
      }
    }
  }
}
