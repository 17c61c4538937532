/// Any set of hashes, as ranges: what an arc, or the arcs of a node, come to. Sets can be joined, cut and
/// compared, so that what moves between nodes is a subtraction.
public struct ArcSet: Sendable, Hashable {
  /// Ascending; no two of them touch.
  public private(set) var ranges: [ClosedRange<UInt64>]

  /// No hash.
  public static let none = ArcSet(normalized: [])
  /// All hashes.
  public static let all = ArcSet(normalized: [0...UInt64.max])

  private init(normalized ranges: [ClosedRange<UInt64>]) { self.ranges = ranges }

  /// The hashes in any of `ranges`, which may overlap and be in any order.
  public init(_ ranges: some Sequence<ClosedRange<UInt64>>) {
    self.ranges = Self.merged(ranges.sorted { $0.lowerBound < $1.lowerBound })
  }

  /// The hashes in any of `arcs`, which may overlap.
  public init(_ arcs: [HashArc]) {
    var ranges: [ClosedRange<UInt64>] = []
    // One of the arcs of a ring wraps.
    ranges.reserveCapacity(arcs.count + 1)
    for arc in arcs { arc.addRanges(to: &ranges) }
    self.init(ranges)
  }

  /// There is no hash in it.
  public var isEmpty: Bool { self.ranges.isEmpty }

  /// The part of all hashes that is in the set, from 0 to 1.
  public var share: Double {
    self.ranges.reduce(0) { $0 + (Double($1.upperBound - $1.lowerBound) + 1) / 0x1p64 }
  }

  /// Takes time in proportion to the logarithm of the number of ranges.
  public func contains(_ hash: UInt64) -> Bool {
    let index = self.firstRange(endingAtOrAfter: hash)
    return index < self.ranges.count && self.ranges[index].lowerBound <= hash
  }

  /// Whether any hash of the range is in the set.
  func overlaps(_ range: ClosedRange<UInt64>) -> Bool {
    let index = self.firstRange(endingAtOrAfter: range.lowerBound)
    return index < self.ranges.count && self.ranges[index].lowerBound <= range.upperBound
  }

  /// The index of the range with the hash, or of the first one behind it.
  func firstRange(endingAtOrAfter hash: UInt64) -> Int {
    self.ranges.withUnsafeBufferPointer { ranges in
      guard !ranges.isEmpty else { return 0 }
      var low = 0
      var count = ranges.count
      // Each half is as likely as the other, so there is no branch between them that could be guessed.
      // Reads are below `low + count`, which never grows beyond the number of ranges.
      while count > 1 {
        let half = count / 2
        low += ranges[low + half - 1].upperBound < hash ? half : 0
        count -= half
      }
      return low + (ranges[low].upperBound < hash ? 1 : 0)
    }
  }

  /// As many of its ranges, from the smallest hash on.
  public func prefix(_ rangesMax: Int) -> Self {
    Self(normalized: Array(self.ranges.prefix(rangesMax)))
  }

  // MARK: - Algebra

  /// The hashes in either.
  public func union(_ other: Self) -> Self {
    if self.isEmpty { return other }
    if other.isEmpty { return self }
    return Self(self.ranges + other.ranges)
  }

  /// The hashes in both. Takes a walk along both.
  public func intersection(_ other: Self) -> Self {
    var common: [ClosedRange<UInt64>] = []
    var (left, right) = (0, 0)
    while left < self.ranges.count, right < other.ranges.count {
      let (a, b) = (self.ranges[left], other.ranges[right])
      let lower = max(a.lowerBound, b.lowerBound)
      let upper = min(a.upperBound, b.upperBound)
      if lower <= upper { common.append(lower...upper) }
      if a.upperBound < b.upperBound { left += 1 } else { right += 1 }
    }
    return Self(normalized: common)
  }

  /// The hashes in this set that are not in the other.
  public func subtracting(_ other: Self) -> Self { self.intersection(other.complement) }

  /// The hashes that are not in the set.
  public var complement: Self {
    var gaps: [ClosedRange<UInt64>] = []
    var next: UInt64? = 0
    for range in self.ranges {
      if let start = next, start < range.lowerBound { gaps.append(start...(range.lowerBound - 1)) }
      next = range.upperBound == .max ? nil : range.upperBound + 1
    }
    if let start = next { gaps.append(start...UInt64.max) }
    return Self(normalized: gaps)
  }

  /// Joins ranges that overlap or touch; in ascending order of their beginnings.
  private static func merged(_ sorted: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
    var merged: [ClosedRange<UInt64>] = []
    merged.reserveCapacity(sorted.count)
    for range in sorted {
      if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1
      {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}
