/// Whether hashes are in a set of arcs, for a walk that asks this of every entry it passes: among thousands of
/// ranges a search for each would be most of what the walk costs.
///
/// A table over the top bits of hashes tells where among the ranges to begin, as a ring's does among its
/// points. There are at least four cells for each range, so that most searches end where they begin.
public struct ArcLookup: Sendable {
  private static let cellsPerRange = 4

  private let arcs: ArcSet
  /// By cell: the first range that ends in it or behind it.
  private let firsts: ContiguousArray<UInt32>
  /// Shifts a hash to the number of its cell.
  private let shift: UInt64

  /// Takes some ten microseconds for a set of two thousand ranges.
  public init(_ arcs: ArcSet) {
    // At least two cells, for a shift by the width of a word shifts nothing.
    let bits = Int.bitWidth - (Self.cellsPerRange * arcs.ranges.count | 1).leadingZeroBitCount
    let shift = UInt64(UInt64.bitWidth - bits)
    var firsts: ContiguousArray<UInt32> = []
    firsts.reserveCapacity(1 << bits)
    var range = 0
    for cell in 0..<(UInt64(1) << UInt64(bits)) {
      while range < arcs.ranges.count, arcs.ranges[range].upperBound < cell << shift { range += 1 }
      firsts.append(UInt32(range))
    }
    self.arcs = arcs
    self.firsts = firsts
    self.shift = shift
  }

  /// The same as of the set.
  public func contains(_ hash: UInt64) -> Bool {
    let ranges = self.arcs.ranges
    var range = Int(self.firsts[Int(truncatingIfNeeded: hash >> self.shift)])
    while range < ranges.count, ranges[range].upperBound < hash { range += 1 }
    return range < ranges.count && ranges[range].lowerBound <= hash
  }
}
