internal import Glibc

/// A moment of UTC to the millisecond, written as ISO 8601: `2026-11-21T01:05:49.123Z`.
///
/// Written out here rather than with a date formatter, which takes locks and costs more than the
/// rest of the line.
struct LogTimestamp: Equatable {
  /// Since 1970-01-01T00:00:00Z, leap seconds not counted.
  let millisecondsSinceEpoch: Int64

  /// Now, by the system's wall clock.
  static func now() -> LogTimestamp {
    var time = timespec()
    let status = clock_gettime(CLOCK_REALTIME, &time)
    precondition(status == 0, "every Linux has a realtime clock")
    return LogTimestamp(
      millisecondsSinceEpoch: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Appends the 24 characters of a moment from 0000 to 9999.
  func append(to line: inout String) {
    let (days, millisecond) = Self.floorDivide(self.millisecondsSinceEpoch, by: 86_400_000)
    let (year, month, day) = Self.date(daysSinceEpoch: days)
    Self.append(year, digits: 4, to: &line)
    line += "-"
    Self.append(month, digits: 2, to: &line)
    line += "-"
    Self.append(day, digits: 2, to: &line)
    line += "T"
    Self.append(millisecond / 3_600_000, digits: 2, to: &line)
    line += ":"
    Self.append(millisecond / 60_000 % 60, digits: 2, to: &line)
    line += ":"
    Self.append(millisecond / 1_000 % 60, digits: 2, to: &line)
    line += "."
    Self.append(millisecond % 1_000, digits: 3, to: &line)
    line += "Z"
  }

  /// The proleptic Gregorian date of a day, by "chrono-Compatible Low-Level Date Algorithms" of
  /// Howard Hinnant, `civil_from_days`. Years begin in March there, which puts the leap day last.
  private static func date(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let daysPerEra: Int64 = 146_097  // 400 years
    // 719468 days lie between 0000-03-01 and 1970-01-01.
    let (era, dayOfEra) = Self.floorDivide(daysSinceEpoch + 719_468, by: daysPerEra)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  /// Rounds down, also for moments before the epoch.
  private static func floorDivide(
    _ value: Int64, by divisor: Int64
  ) -> (quotient: Int64, remainder: Int64) {
    let remainder = value % divisor
    let quotient = value / divisor
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func append(_ value: Int64, digits: Int, to line: inout String) {
    let text = String(value)
    line += String(repeating: "0", count: max(0, digits - text.utf8.count))
    line += text
  }
}
