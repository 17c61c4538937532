internal import NIOCore

/// The value of `grpc-timeout`: at most eight digits and a unit (PROTOCOL-HTTP2.md, "Timeout").
enum Timeout {
  /// Nil where `text` is not a timeout. Longer than 290 years counts as 290 years.
  static func parse(_ text: RawSpan) -> TimeAmount? {
    guard (2...9).contains(text.byteCount) else { return nil }
    var value: Int64 = 0
    for offset in 0..<text.byteCount - 1 {
      let digit = text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      guard digit >= UInt8(ascii: "0") && digit <= UInt8(ascii: "9") else { return nil }
      value = value * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    let nanoseconds: Int64
    switch text.unsafeLoad(fromByteOffset: text.byteCount - 1, as: UInt8.self) {
    case UInt8(ascii: "H"): nanoseconds = 3_600_000_000_000
    case UInt8(ascii: "M"): nanoseconds = 60_000_000_000
    case UInt8(ascii: "S"): nanoseconds = 1_000_000_000
    case UInt8(ascii: "m"): nanoseconds = 1_000_000
    case UInt8(ascii: "u"): nanoseconds = 1_000
    case UInt8(ascii: "n"): nanoseconds = 1
    default: return nil
    }
    let (product, overflow) = value.multipliedReportingOverflow(by: nanoseconds)
    return .nanoseconds(overflow ? Int64.max / 2 : min(product, Int64.max / 2))
  }

  /// In the smallest unit that eight digits hold; rounded up, so that a deadline never moves closer.
  static func format(_ timeout: TimeAmount) -> String {
    var value = max(timeout.nanoseconds, 0)
    let units: [(String, Int64)] = [("n", 1000), ("u", 1000), ("m", 1000), ("S", 60), ("M", 60)]
    for (unit, next) in units {
      if value <= 99_999_999 { return "\(value)\(unit)" }
      value = value / next + (value % next == 0 ? 0 : 1)
    }
    return "\(min(value, 99_999_999))H"
  }

  /// `timeout` rounded up to two significant digits: at most a tenth longer, never shorter. Deadlines
  /// that are what is left of another would else be different on every call. At least 1 ns.
  static func coarse(_ timeout: TimeAmount) -> TimeAmount {
    let value = max(timeout.nanoseconds, 1)
    var unit: Int64 = 1
    while value / unit >= 100 { unit *= 10 }
    // Up to 292 years in nanoseconds; the last step would not fit above that.
    let (rounded, overflow) = (value / unit + (value % unit == 0 ? 0 : 1))
      .multipliedReportingOverflow(by: unit)
    return .nanoseconds(overflow ? value : rounded)
  }
}
