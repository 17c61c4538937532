internal import NIOCore

/// How many connections of an event loop send more than one read takes. An event loop reads from each of
/// them before anyone's next turn, so that together they may take what one may take alone.
///
/// Counted by time, for nobody says that it has no more to send: those of the last few milliseconds.
struct BulkReaders {
  /// A connection is counted once in each; long enough that all of them have had their turns.
  private static let windowNanoseconds: UInt64 = 4_000_000

  private var window: UInt64 = 0
  private var seen = 0
  /// Of the window before.
  private var seenBefore = 0

  /// A connection has filled its read.
  ///
  /// - Parameter lastWindow: the connection's own: when it was counted last; zero at first.
  /// - Returns: how many do, itself included.
  mutating func filled(_ now: NIODeadline, lastWindow: inout UInt64) -> Int {
    let window = now.uptimeNanoseconds / Self.windowNanoseconds
    if window != self.window {
      self.seenBefore = window == self.window + 1 ? self.seen : 0
      self.seen = 0
      self.window = window
    }
    if lastWindow != window {
      lastWindow = window
      self.seen += 1
    }
    return max(self.seen, self.seenBefore)
  }
}
