/// Says on standard error how a run goes: over one line on a terminal, else a line each time.
struct BenchProgress: Sendable {
  /// True: nothing is said.
  let isQuiet: Bool
  private let isTerminal: Bool

  init(isQuiet: Bool, isTerminal: Bool = StandardStreams.isErrorTerminal) {
    self.isQuiet = isQuiet
    self.isTerminal = isTerminal
  }

  func preload(keys: Int, of all: Int) throws {
    let share = DecimalText.percent(UInt64(keys), of: UInt64(all))
    try self.note("preloading: \(DecimalText.grouped(UInt64(keys))) keys (\(share))")
  }

  /// - Parameters:
  ///   - seconds: that the counts are about.
  ///   - elapsed: since the load began, in seconds.
  func load(_ counts: LoadCounts, seconds: Double, elapsed: Double, backlog: Int) throws {
    try self.note(Self.line(counts, seconds: seconds, elapsed: elapsed, backlog: backlog))
  }

  /// Says something, over what was said before.
  func note(_ text: String) throws {
    guard !self.isQuiet else { return }
    // ESC [ K clears the rest of the line, which may have been longer.
    try StandardStreams.writeError(self.isTerminal ? "\r\(text)\u{1b}[K" : "\(text)\n")
  }

  /// Leaves the line free for what follows.
  func end() throws {
    guard self.isTerminal && !self.isQuiet else { return }
    try StandardStreams.writeError("\r\u{1b}[K")
  }

  /// One second of the load in one line.
  static func line(
    _ counts: LoadCounts, seconds: Double, elapsed: Double, backlog: Int
  ) -> String {
    let total = counts.total
    let rate = seconds > 0 ? UInt64((Double(total.calls) / seconds).rounded()) : 0
    var parts = [
      "\(DecimalText.fixed(elapsed, places: 0)) s", "\(DecimalText.grouped(rate)) calls/s",
      "p50 \(DecimalText.latency(nanoseconds: total.percentile(50)))",
      "p99 \(DecimalText.latency(nanoseconds: total.percentile(99)))",
    ]
    if counts.failed > 0 { parts.append("\(DecimalText.grouped(counts.failed)) errors") }
    if backlog > 0 { parts.append("\(DecimalText.grouped(UInt64(backlog))) calls behind") }
    return parts.joined(separator: "  ")
  }
}
