import Foundation

/// Numbers as people read them in tables and progress lines; the same in every locale.
enum DecimalText {
  /// With a fixed number of decimals.
  static func fixed(_ value: Double, places: Int) -> String {
    String(format: "%.\(places)f", value)
  }

  /// With four digits and no more decimals than it needs: `0.9`, `0.3333`, `20000`.
  static func short(_ value: Double) -> String {
    value < 10_000 ? String(format: "%.4g", value) : Self.fixed(value, places: 0)
  }

  /// With a comma between thousands: `1,234,567`.
  static func grouped(_ value: UInt64) -> String {
    let digits = String(value)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0 && (digits.count - index).isMultiple(of: 3) { text += "," }
      text.append(digit)
    }
    return text
  }

  /// A share in percent, or a dash where there is nothing to have a share of.
  static func percent(_ part: UInt64, of whole: UInt64) -> String {
    guard whole > 0 else { return "-" }
    return Self.fixed(Double(part) / Double(whole) * 100, places: 1) + " %"
  }

  /// A size, rounded to its largest binary unit: `12.3 MiB`.
  static func size(_ bytes: UInt64) -> String {
    var (value, unit) = (Double(bytes), 0)
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\(Self.fixed(value, places: 1)) \(units[unit])"
  }

  /// A latency in the unit that gives three or four digits: `87.3 µs`, `1.25 ms`, `2.000 s`.
  static func latency(nanoseconds: UInt64) -> String {
    let microseconds = Double(nanoseconds) / 1_000
    switch microseconds {
    case ..<1_000: return Self.fixed(microseconds, places: 1) + " µs"
    case ..<1_000_000: return Self.fixed(microseconds / 1_000, places: 2) + " ms"
    default: return Self.fixed(microseconds / 1_000_000, places: 3) + " s"
    }
  }

  /// How long something has been going on, to its two largest units: `3d 4h`, `12m 5s`, `8s`.
  static func uptime(milliseconds: UInt64) -> String {
    var rest = milliseconds / 1_000
    var parts: [String] = []
    for (suffix, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
      as [(String, UInt64)]
    {
      let count = rest / seconds
      rest %= seconds
      if count > 0 || (suffix == "s" && parts.isEmpty) { parts.append("\(count)\(suffix)") }
    }
    return parts.prefix(2).joined(separator: " ")
  }
}
