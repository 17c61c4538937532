import Glibc

/// Says on standard error how something goes: over one line on a terminal, else a line for each step.
struct ProgressLine {
  private let isTerminal = StandardStreams.isErrorTerminal
  private var lastStep = ""

  mutating func show(_ step: String, detail: String?) throws(CommandFailure) {
    if self.isTerminal {
      // ESC [ K clears the rest of the line, which may have been longer.
      let line = step + (detail.map { "  \($0)" } ?? "")
      // One that went on in the next row could not be written over.
      let shown = TerminalSize(of: STDERR_FILENO)?.clip(line) ?? line
      try Self.write("\r\(shown)\u{1b}[K")
    } else if step != self.lastStep {
      try Self.write("\(step)\n")
    }
    self.lastStep = step
  }

  /// Leaves the line free for what follows.
  func end() throws(CommandFailure) {
    if self.isTerminal { try Self.write("\r\u{1b}[K") }
  }

  private static func write(_ text: String) throws(CommandFailure) {
    do {
      try StandardStreams.writeError(text)
    } catch {
      throw CommandFailure("standard error cannot be written", exit: ExitStatus.inputOutput)
    }
  }
}
