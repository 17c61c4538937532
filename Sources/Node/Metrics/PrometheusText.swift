/// Builds a page in Prometheus' text format, version 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats).
struct PrometheusText {
  enum Kind: String {
    case counter, gauge, histogram
  }

  typealias Labels = [(name: String, value: String)]

  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""
  private var family = ""

  /// Begins a family: its samples follow. Names are ours, so they are taken as they are.
  mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
    self.family = name
    self.text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n"
    self.text += "# TYPE \(name) \(kind.rawValue)\n"
  }

  mutating func sample(_ value: Int, _ labels: Labels = [], suffix: String = "") {
    self.sample("\(value)", labels, suffix: suffix)
  }

  /// - Parameter value: a decimal number.
  mutating func sample(_ value: String, _ labels: Labels = [], suffix: String = "") {
    self.text += self.family + suffix
    if !labels.isEmpty {
      let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
      self.text += "{\(pairs.joined(separator: ","))}"
    }
    self.text += " \(value)\n"
  }

  /// A family of one sample without labels.
  mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    self.begin(name, kind, help)
    self.sample(value)
  }

  /// Nanoseconds as the seconds that Prometheus wants, exactly: `0.00005`.
  static func seconds(nanoseconds: Int64) -> String {
    let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    guard rest != 0 else { return "\(whole)" }
    // Negative durations do not occur: clocks here are monotonic, or far from 1970.
    var digits = "\(rest)"
    digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
    while digits.hasSuffix("0") { digits.removeLast() }
    return "\(whole).\(digits)"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "\\": escaped += "\\\\"
      case "\n": escaped += "\\n"
      case "\"" where quotes: escaped += "\\\""
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
