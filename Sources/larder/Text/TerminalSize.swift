import Glibc

/// How much a terminal shows, in characters and lines.
struct TerminalSize: Equatable {
  let columns: Int
  let rows: Int

  init(columns: Int, rows: Int) {
    precondition(columns > 0 && rows > 0, "a terminal shows something")
    self.columns = columns
    self.rows = rows
  }

  /// As it is now; nil: the descriptor is of no terminal, or of one that does not know.
  init?(of descriptor: Int32) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return nil
    }
    self.init(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// How many rows these lines take: those that are longer than a row go on in the next.
  func rows(of lines: some Sequence<Substring>) -> Int {
    lines.reduce(0) { $0 + max(1, ($1.count + self.columns - 1) / self.columns) }
  }

  /// As much of a line as one row takes.
  func clip(_ line: String) -> String {
    // A character in the last column leaves the cursor there, and what clears the rest clears it.
    line.count < self.columns ? line : String(line.prefix(self.columns - 1))
  }
}
