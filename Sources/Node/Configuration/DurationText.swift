/// Durations as people write and read them: `250ms`, `30s`, `5m`, `2h`, `7d`.
///
/// A unit is required (a bare `30` would leave open whether seconds or milliseconds are meant) by all
/// but 0, which is the same in each. A day is always 24 hours.
public enum DurationText {
  /// Largest first, so that printing finds the largest unit that divides the duration.
  private static let units: [(suffix: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// Reads decimal digits followed by a unit, or 0.
  ///
  /// - Returns: Milliseconds, at least 0.
  /// - Throws: `.malformed` where no digits lead, `.unknownUnit` where a unit is missing or none
  ///   of the five, `.overflow` above `Int64.max` milliseconds.
  public static func milliseconds(parsing text: String) throws(UnitTextError) -> Int64 {
    let (number, suffix) = try splitNumber(text)
    if number == 0, suffix.isEmpty { return 0 }
    guard let unit = Self.units.first(where: { $0.suffix == suffix }) else { throw .unknownUnit }
    let (milliseconds, overflow) = number.multipliedReportingOverflow(by: unit.milliseconds)
    guard !overflow else { throw .overflow }
    return milliseconds
  }

  /// In the largest unit that divides the duration, so that parsing it gives the same one back.
  ///
  /// - Parameter milliseconds: At least 0; traps below.
  public static func text(milliseconds: Int64) -> String {
    precondition(milliseconds >= 0, "a duration cannot be negative")
    for unit in Self.units where milliseconds > 0 && milliseconds % unit.milliseconds == 0 {
      return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
    return "0ms"
  }
}
