/// Whether bytes are well-formed UTF-8. Cache keys are mostly short and mostly ASCII, and each is
/// checked once per call, so ASCII goes eight bytes at a time; the rest is the standard library's.
@frozen public enum UTF8Validation {
  /// The top bit of each of eight bytes: set in everything that is not ASCII.
  @usableFromInline static let nonASCII: UInt64 = 0x8080_8080_8080_8080

  /// True for well-formed UTF-8, the empty string included.
  @inlinable
  public static func isValid(_ bytes: RawSpan) -> Bool {
    let count = bytes.byteCount
    guard count >= 8 else { return Self.isValidShort(bytes) }
    var offset = 0
    while offset <= count - 8 {
      // `offset + 8 <= count`, by the loop's condition; every bit pattern is a UInt64.
      let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
      // All before `offset` is ASCII, so a character starts there.
      guard word & Self.nonASCII == 0 else { return Self.isValidSlow(bytes.extracting(offset...)) }
      offset += 8
    }
    // The last eight bytes once more, which covers the tail. `count >= 8`, checked above.
    let word = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: count - 8, as: UInt64.self)
    return word & Self.nonASCII == 0 || Self.isValidSlow(bytes.extracting(offset...))
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
