/// A range of 64-bit key hashes: those after `after`, up to and with `through`, wrapping past the
/// largest hash to 0. Equal ends mean the whole circle.
///
/// This is what one point of the ring owns: `after` is the point before it, `through` the point.
public struct HashArc: Sendable, Hashable {
  /// The first hash of the arc is the one after this.
  public var after: UInt64
  /// The last hash of the arc.
  public var through: UInt64

  public init(after: UInt64, through: UInt64) {
    self.after = after
    self.through = through
  }

  /// All hashes.
  public static let all = Self(after: .max, through: .max)

  @inlinable
  public func contains(_ hash: UInt64) -> Bool {
    // Hashes live on a circle of 2^64, where distance is difference modulo 2^64. Counted from the
    // first hash of the arc, the arc is 0...(through - first).
    let first = self.after &+ 1
    return hash &- first <= self.through &- first
  }

  /// Adds the one or two ranges without a wrap that the arc comes to.
  func addRanges(to ranges: inout [ClosedRange<UInt64>]) {
    // Modulo 2^64, as above.
    let first = self.after &+ 1
    if first <= self.through {
      ranges.append(first...self.through)
    } else {
      ranges += [first...UInt64.max, 0...self.through]
    }
  }
}
