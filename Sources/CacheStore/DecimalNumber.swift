/// Int64 as decimal text, in the one form that increment reads and writes: an optional "-", then
/// digits without leading zeros; "0" for zero, never "-0". Redis accepts the same.
struct DecimalNumber: Equatable {
  /// "-9223372036854775808".
  static let maxBytes = 20

  let value: Int64

  init(_ value: Int64) { self.value = value }

  /// nil for any other text, and for numbers outside Int64.
  init?(_ text: RawSpan) {
    guard (1...Self.maxBytes).contains(text.byteCount) else { return nil }
    var index = 0
    let isNegative = Self.byte(text, 0) == UInt8(ascii: "-")
    if isNegative { index = 1 }
    guard index < text.byteCount else { return nil }
    if Self.byte(text, index) == UInt8(ascii: "0") {
      guard text.byteCount == 1 else { return nil }
    }
    // Collected below zero, where Int64 reaches one further than above.
    var collected: Int64 = 0
    while index < text.byteCount {
      let byte = Self.byte(text, index)
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let shifted = collected.multipliedReportingOverflow(by: 10)
      let next = shifted.partialValue.subtractingReportingOverflow(
        Int64(byte - UInt8(ascii: "0")))
      guard !shifted.overflow, !next.overflow else { return nil }
      collected = next.partialValue
      index += 1
    }
    if isNegative {
      self.value = collected
    } else {
      guard collected != .min else { return nil }
      self.value = -collected
    }
  }

  /// Calls `body` with the text.
  func withText<Result>(_ body: (RawSpan) -> Result) -> Result {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var first = Self.maxBytes
    var rest = self.value.magnitude
    repeat {
      first -= 1
      digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    } while rest > 0
    if self.value < 0 {
      first -= 1
      digits[first] = UInt8(ascii: "-")
    }
    return body(digits.span.bytes.extracting(first..<Self.maxBytes))
  }

  private static func byte(_ text: RawSpan, _ index: Int) -> UInt8 {
    text.unsafeLoad(fromByteOffset: index, as: UInt8.self)
  }
}
