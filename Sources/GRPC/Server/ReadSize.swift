/// How much a connection reads in one turn: as much as makes for a turn of some 100 microseconds, which
/// is what the others on its loop wait for at worst. A body takes little work for its bytes; frames of
/// a few bytes each, be it small calls by the thousand or a flood, take much.
///
/// No I/O: what a read brought is told.
struct ReadSize: Equatable {
  static let initialBytes = 4 << 10
  static let leastBytes = 2 << 10
  /// A Set of 1 MiB costs as much as with reads of 64 KiB; with 16 it costs 14 % more.
  static let mostBytes = 32 << 10
  /// Frames above which a turn is too long.
  static let framesMax = 128

  /// The most that one read should take; a power of two.
  private(set) var bytes = Self.initialBytes
  /// All frames that the connection had received at the last look.
  private var framesSeen = 0

  /// A read has been acted on.
  ///
  /// - Parameters:
  ///   - count: its bytes.
  ///   - frames: all that the connection has received.
  /// - Returns: whether `bytes` has changed.
  mutating func readEnded(_ count: Int, frames: Int) -> Bool {
    let brought = frames - self.framesSeen
    self.framesSeen = frames
    let before = self.bytes
    if brought > Self.framesMax {
      self.bytes = max(before / 2, Self.leastBytes)
    } else if count >= before && brought <= Self.framesMax / 4 {
      self.bytes = min(before * 2, Self.mostBytes)
    }
    return self.bytes != before
  }
}
