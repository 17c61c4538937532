/// The arcs whose removals must leave tombstones, for the question "is this hash in any of them?".
struct TrackedArcs: Sendable {
  /// How often each arc is tracked: several handovers may need the same one.
  private var counts: [HashArc: Int] = [:]
  /// The union of the arcs: ascending, and no two of them touch.
  private var ranges: [ClosedRange<UInt64>] = []

  var isEmpty: Bool { self.ranges.isEmpty }

  mutating func insert(_ arcs: [HashArc]) {
    for arc in arcs { self.counts[arc, default: 0] += 1 }
    self.rebuild()
  }

  /// Takes back one `insert` of each of `arcs`; arcs that are not tracked are left alone.
  mutating func remove(_ arcs: [HashArc]) {
    for arc in arcs {
      guard let count = self.counts[arc] else { continue }
      self.counts[arc] = count > 1 ? count - 1 : nil
    }
    self.rebuild()
  }

  func contains(_ hash: UInt64) -> Bool {
    let index = self.firstRange(endingAtOrAfter: hash)
    return index < self.ranges.count && self.ranges[index].lowerBound <= hash
  }

  func overlaps(_ range: ClosedRange<UInt64>) -> Bool {
    let index = self.firstRange(endingAtOrAfter: range.lowerBound)
    return index < self.ranges.count && self.ranges[index].lowerBound <= range.upperBound
  }

  private func firstRange(endingAtOrAfter hash: UInt64) -> Int {
    var low = 0
    var high = self.ranges.count
    while low < high {
      let middle = (low + high) / 2
      if self.ranges[middle].upperBound < hash { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func rebuild() {
    let sorted = self.counts.keys.flatMap(\.ranges).sorted { $0.lowerBound < $1.lowerBound }
    var merged: [ClosedRange<UInt64>] = []
    merged.reserveCapacity(sorted.count)
    for range in sorted {
      if let last = merged.last, range.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    self.ranges = merged
  }
}
