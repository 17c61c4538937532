/// `text` with everything escaped that could break a line, move a terminal's cursor or reorder what
/// its reader sees. Backslashes stay, since the result is read and not parsed.
func escapedForPeople(_ text: String) -> String {
  if isPlain(text) || !text.unicodeScalars.contains(where: mustBeEscaped) { return text }
  var escaped = ""
  for scalar in text.unicodeScalars {
    if mustBeEscaped(scalar) {
      escaped.appendEscape(of: scalar)
    } else {
      escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}

/// Whether `text` is printable ASCII without quotes and backslashes, which most of a log is: it
/// needs no escape anywhere, and bytes are looked at many times faster than scalars.
func isPlain(_ text: String) -> Bool {
  text.utf8.allSatisfy { byte in
    (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and the bidirectional controls
/// that can make one text look like another (Unicode Technical Report 36, section 2.8).
func mustBeEscaped(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0: true
  case 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
  default: false
  }
}

extension String {
  /// Appends `text` as a JSON string (RFC 8259, section 7) that is also safe on a terminal.
  mutating func appendJSON(_ text: String) {
    self += "\""
    guard !isPlain(text) else {
      self += text
      self += "\""
      return
    }
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" {
        self += "\\"
        self.unicodeScalars.append(scalar)
      } else if mustBeEscaped(scalar) {
        self.appendEscape(of: scalar)
      } else {
        self.unicodeScalars.append(scalar)
      }
    }
    self += "\""
  }

  /// `\n`, `\r`, `\t`, and four hexadecimal digits for the others, as JSON writes them. Every
  /// scalar that must be escaped lies in the basic plane, so four digits are enough.
  fileprivate mutating func appendEscape(of scalar: Unicode.Scalar) {
    switch scalar {
    case "\n": self += "\\n"
    case "\r": self += "\\r"
    case "\t": self += "\\t"
    default:
      let digits = String(scalar.value, radix: 16)
      self += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
  }
}
