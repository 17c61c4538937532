import Synchronization

/// A bar on standard error, where that is a terminal: how much of the replaying is done.
final class SimulationProgress: Sendable {
  private let isQuiet: Bool
  private let total: Int
  /// Requests replayed, and the share that was last shown, in thousandths.
  private let state = Mutex((done: 0, shown: -1))

  private static let barWidth = 40

  /// - Parameter total: Requests, of all runs together.
  init(total: Int, isQuiet: Bool = !StandardStreams.isErrorTerminal) {
    self.total = total
    self.isQuiet = isQuiet
  }

  func advance(by requests: Int) throws {
    guard !self.isQuiet else { return }
    let share: Int? = self.state.withLock { state in
      state.done += requests
      let share = state.done * 1000 / max(1, self.total)
      guard share != state.shown else { return nil }
      state.shown = share
      return share
    }
    if let share { try StandardStreams.writeError("\r\(Self.bar(thousandths: share))") }
  }

  /// Leaves the line free for what follows.
  func end() throws {
    guard !self.isQuiet else { return }
    // ESC [ K clears the line.
    try StandardStreams.writeError("\r\u{1b}[K")
  }

  static func bar(thousandths: Int) -> String {
    let filled = Self.barWidth * thousandths / 1000
    let bar =
      String(repeating: "#", count: filled)
      + String(repeating: ".", count: Self.barWidth - filled)
    return "replaying [\(bar)] \(DecimalText.fixed(Double(thousandths) / 10, places: 1)) %"
  }
}
