internal import Glibc

/// Dates of certificates in messages.
public enum TLSDate {
  /// Such as `2026-11-21 04:16:48 UTC`.
  ///
  /// - Parameter seconds: since 1970.
  public static func text(_ seconds: Int64) -> String {
    var (moment, parts) = (time_t(seconds), tm())
    guard gmtime_r(&moment, &parts) != nil else { return "\(seconds) s after 1970" }
    func digits(_ value: CInt) -> String { value < 10 ? "0\(value)" : "\(value)" }
    let date = "\(parts.tm_year + 1900)-\(digits(parts.tm_mon + 1))-\(digits(parts.tm_mday))"
    return "\(date) \(digits(parts.tm_hour)):\(digits(parts.tm_min)):\(digits(parts.tm_sec)) UTC"
  }
}
