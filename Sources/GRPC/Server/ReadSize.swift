/// How much a connection reads in one turn: as much as makes for a turn of some 100 microseconds, which
/// is what the others on its loop wait for at worst. A body takes little work for its bytes; frames and
/// header fields of a few bytes each, be it small calls by the thousand or a flood, take much. Where
/// several connections have much to send they share what one may read.
///
/// No I/O: what a read brought is told.
struct ReadSize: Equatable {
  static let initialBytes = 4 << 10
  static let leastBytes = 2 << 10
  /// A Set of 1 MiB costs as much as with reads of 64 KiB; with 16 it costs 14 % more.
  static let mostBytes = 32 << 10
  /// What all that send much are read in one round of the loop; see `BulkReaders`.
  static let roundBytes = 64 << 10
  /// But never less each: with 64 connections, reads of 2 KiB would cost a Set of 1 MiB 70 % more.
  static let leastShareBytes = 8 << 10
  /// Work above which a turn is too long; see `Session.receivedWork`.
  static let workMax = 192

  /// The most that one read should take; a power of two.
  private(set) var bytes = Self.initialBytes
  /// All work that the connection had brought at the last look.
  private var workSeen = 0

  /// A read has been acted on.
  ///
  /// - Parameters:
  ///   - count: its bytes.
  ///   - work: all that the connection has brought.
  ///   - readers: connections of the loop that fill their reads, this one included.
  /// - Returns: whether `bytes` has changed.
  mutating func readEnded(_ count: Int, work: Int, readers: Int) -> Bool {
    let brought = work - self.workSeen
    self.workSeen = work
    let before = self.bytes
    if brought > Self.workMax {
      self.bytes = max(before / 2, Self.leastBytes)
    } else if count >= before && brought <= Self.workMax / 4 {
      self.bytes = min(before * 2, Self.mostBytes)
    }
    if readers > Self.roundBytes / Self.mostBytes {
      self.bytes = min(self.bytes, Self.share(readers))
    }
    return self.bytes != before
  }

  /// What is left of a round for one of so many: a power of two.
  private static func share(_ readers: Int) -> Int {
    let share = self.roundBytes / readers
    return max(1 << (Int.bitWidth - 1 - share.leadingZeroBitCount), self.leastShareBytes)
  }
}
