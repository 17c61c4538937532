/// Shows a text again and again: on a terminal in the place of the last one.
struct Screen {
  private let isTerminal = StandardStreams.isOutputTerminal
  private var lines = 0

  mutating func show(_ text: String) throws(CommandFailure) {
    // ESC [ n A goes up n lines; ESC [ J clears all from there.
    let up = self.isTerminal && self.lines > 0 ? "\u{1b}[\(self.lines)A\u{1b}[J" : ""
    let gap = !self.isTerminal && self.lines > 0 ? "\n" : ""
    try StandardStreams.writeOutput(Array((up + gap + text).utf8))
    self.lines = text.utf8.count { $0 == UInt8(ascii: "\n") }
  }
}
