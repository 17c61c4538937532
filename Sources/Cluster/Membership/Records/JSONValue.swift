/// What a JSON text says (RFC 8259). For small texts that people and other programs may have written.
enum JSONValue: Equatable {
  case null
  case bool(Bool)
  /// As it is written: which numbers are good is the reader's business.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

/// Why a text is no JSON, or none that is taken.
struct JSONFault: Error, Equatable, CustomStringConvertible {
  /// For people.
  let what: String
  /// Bytes of the text before the fault.
  let offset: Int

  var description: String { "\(self.what) at byte \(self.offset)" }
}

extension JSONValue {
  /// Arrays and objects within each other. RFC 8259, section 9, lets a reader set its limits.
  static let depthMax = 16

  /// Reads a whole text.
  ///
  /// - Throws: the first fault. An object that names a member twice is one: which of the two counts
  ///   depends on the reader otherwise.
  init(parsing text: [UInt8]) throws(JSONFault) {
    var reader = JSONReader(bytes: text)
    self = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.isAtEnd else { throw reader.fault("more text behind the value") }
  }

  /// The text as a JSON string, in its quotes.
  static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\u{0}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
