import Glibc

/// Shows a text again and again: on a terminal in the place of the last one, as much of it as there is room
/// for.
struct Screen {
  private let isTerminal = StandardStreams.isOutputTerminal
  private var last = ""

  mutating func show(_ text: String) throws(CommandFailure) {
    guard self.isTerminal else {
      try StandardStreams.writeOutput(Array(((self.last.isEmpty ? "" : "\n") + text).utf8))
      self.last = text
      return
    }
    let size = TerminalSize(of: STDOUT_FILENO)
    let shown = Self.fitting(text, in: size)
    try StandardStreams.writeOutput(Array((Self.back(over: self.last, in: size) + shown).utf8))
    self.last = shown
  }

  /// The lines of a text that there is room for, and how many there is none for: what has left the
  /// window could not be shown anew.
  static func fitting(_ text: String, in size: TerminalSize?) -> String {
    guard let size else { return text }
    let lines = Self.lines(of: text)
    // The cursor waits in a row of its own.
    guard size.rows(of: lines) > size.rows - 1 else { return text }
    var count = lines.count
    while count > 0, size.rows(of: lines.prefix(count)) > size.rows - 2 { count -= 1 }
    let note = size.clip("... and \(lines.count - count) more lines")
    return lines.prefix(count).map { "\($0)\n" }.joined() + note + "\n"
  }

  /// What brings the cursor back to where a text began, and clears all from there. The window may be
  /// another than when it was written: terminals put long lines anew then.
  static func back(over text: String, in size: TerminalSize?) -> String {
    guard !text.isEmpty else { return "" }
    let lines = Self.lines(of: text)
    let rows = size.map { min($0.rows(of: lines), $0.rows - 1) } ?? lines.count
    // ESC [ n A goes up n rows, where 0 stands for 1; ESC [ J clears all from there.
    return "\r" + (rows > 0 ? "\u{1b}[\(rows)A" : "") + "\u{1b}[J"
  }

  /// Each ends with a newline.
  private static func lines(of text: String) -> [Substring] {
    Array(text.split(separator: "\n", omittingEmptySubsequences: false).dropLast())
  }
}
