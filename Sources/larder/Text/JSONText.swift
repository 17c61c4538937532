/// A JSON value whose members keep the order they were given in, which Foundation's encoder does
/// not do: what a person reads should begin with what matters.
indirect enum JSONText {
  case null
  case bool(Bool)
  case string(String)
  case integer(Int64)
  case unsigned(UInt64)
  /// Rounded to the given number of decimals; not finite becomes null, for JSON has no such number.
  case decimal(Double, places: Int)
  case array([JSONText])
  case object([(name: String, value: JSONText)])
}

extension JSONText: CustomStringConvertible {
  /// On one line, without spaces.
  var description: String {
    var text = ""
    self.append(to: &text)
    return text
  }

  private func append(to text: inout String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .string(let value): Self.append(quoted: value, to: &text)
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .decimal(let value, let places):
      text += value.isFinite ? DecimalText.fixed(value, places: places) : "null"
    case .array(let elements):
      text += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { text += "," }
        element.append(to: &text)
      }
      text += "]"
    case .object(let members):
      text += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { text += "," }
        Self.append(quoted: member.name, to: &text)
        text += ":"
        member.value.append(to: &text)
      }
      text += "}"
    }
  }

  /// RFC 8259, section 7: quotes, backslashes and control characters must be escaped.
  private static func append(quoted value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
