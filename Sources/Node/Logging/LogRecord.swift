internal import Logging

/// One record, ready to be written as a line. No I/O and no clock.
struct LogRecord {
  /// Of one string; what is beyond is cut, so that a peer's 64 KiB key cannot flood the log.
  static let stringMaxBytes = 4_096

  let timestamp: LogTimestamp
  let level: Logger.Level
  let message: String
  /// The name of the logger, not of the record.
  let label: String
  let metadata: Logger.Metadata

  /// Appends the line, with its line feed.
  func append(to line: inout String, style: LogStyle) {
    switch style {
    case .text(let isColoured): self.appendText(to: &line, isColoured: isColoured)
    case .json: self.appendJSON(to: &line)
    }
    line += "\n"
  }

  private func appendText(to line: inout String, isColoured: Bool) {
    self.timestamp.append(to: &line)
    line += " "
    let name = self.level.rawValue
    line += isColoured ? "\(self.level.colour)\(name)\(LogColour.reset)" : name
    // The longest names, "critical" and "warning", are rare: the column is made for the others.
    line += String(repeating: " ", count: max(1, 8 - name.utf8.count))
    line += escapedForPeople(cut(self.message))
    for (key, value) in self.metadata.sorted(by: { $0.key < $1.key }) {
      line += " \(escapedForPeople(cut(key)))="
      line.appendTextValue(value)
    }
  }

  private func appendJSON(to line: inout String) {
    line += "{\"timestamp\":\""
    self.timestamp.append(to: &line)
    line += "\",\"level\":\"\(self.level.rawValue)\",\"message\":"
    line.appendJSON(cut(self.message))
    line += ",\"logger\":"
    line.appendJSON(self.label)
    for (key, value) in self.metadata.sorted(by: { $0.key < $1.key }) {
      // A field twice in one object would leave it to each reader which of them it sees.
      let isTaken = ["timestamp", "level", "message", "logger"].contains(key)
      line += ","
      line.appendJSON(cut(isTaken ? "metadata.\(key)" : key))
      line += ":"
      line.appendJSONValue(value)
    }
    line += "}"
  }
}

/// Escape sequences of ECMA-48, section 8.3.117 (SGR).
enum LogColour {
  static let reset = "\u{1b}[0m"
}

extension Logger.Level {
  fileprivate var colour: String {
    switch self {
    case .trace, .debug: "\u{1b}[2m"  // faint
    case .info: "\u{1b}[32m"  // green
    case .notice: "\u{1b}[36m"  // cyan
    case .warning: "\u{1b}[33m"  // yellow
    case .error: "\u{1b}[31m"  // red
    case .critical: "\u{1b}[1;31m"  // bold red
    }
  }
}

extension String {
  /// Bare where that is unambiguous, else as a JSON string. Lists and maps as JSON.
  fileprivate mutating func appendTextValue(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text): self.appendTextValue(cut(text))
    case .stringConvertible(let value): self.appendTextValue(cut(value.description))
    case .array, .dictionary: self.appendJSONValue(value)
    }
  }

  private mutating func appendTextValue(_ text: String) {
    let isBare =
      !text.isEmpty
      && text.unicodeScalars.allSatisfy { scalar in
        !mustBeEscaped(scalar) && !scalar.properties.isWhitespace
          && scalar != "\"" && scalar != "=" && scalar != "\\"
      }
    if isBare { self += text } else { self.appendJSON(text) }
  }

  /// Whole numbers and booleans as such, everything else that describes itself as a string.
  fileprivate mutating func appendJSONValue(_ value: Logger.MetadataValue) {
    switch value {
    case .string(let text): self.appendJSON(cut(text))
    case .stringConvertible(let value):
      if value is any FixedWidthInteger || value is Bool {
        self += value.description
      } else {
        self.appendJSON(cut(value.description))
      }
    case .array(let values):
      self += "["
      for (index, value) in values.enumerated() {
        if index > 0 { self += "," }
        self.appendJSONValue(value)
      }
      self += "]"
    case .dictionary(let values):
      self += "{"
      for (index, (key, value)) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { self += "," }
        self.appendJSON(cut(key))
        self += ":"
        self.appendJSONValue(value)
      }
      self += "}"
    }
  }
}

/// `text`, or as many whole scalars of it as fit into `LogRecord.stringMaxBytes`, and a note.
private func cut(_ text: String) -> String {
  let utf8 = text.utf8
  guard utf8.count > LogRecord.stringMaxBytes else { return text }
  var end = utf8.index(utf8.startIndex, offsetBy: LogRecord.stringMaxBytes)
  // A continuation byte (10xxxxxx) belongs to the scalar before it.
  while utf8[end] & 0xC0 == 0x80 { end = utf8.index(before: end) }
  let kept = Substring(utf8[..<end])
  return "\(kept)... (\(utf8.count - kept.utf8.count) bytes more)"
}
