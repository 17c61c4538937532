/// The arcs whose removals must leave tombstones, for the question "is this hash in any of them?".
struct TrackedArcs: Sendable {
  /// How often each arc is tracked: several handovers may need the same one.
  private var counts: [HashArc: Int] = [:]
  private var union = ArcSet.none

  var isEmpty: Bool { self.union.isEmpty }

  mutating func insert(_ arcs: [HashArc]) {
    for arc in arcs { self.counts[arc, default: 0] += 1 }
    self.union = ArcSet(Array(self.counts.keys))
  }

  /// Takes back one `insert` of each of `arcs`; arcs that are not tracked are left alone.
  mutating func remove(_ arcs: [HashArc]) {
    for arc in arcs {
      guard let count = self.counts[arc] else { continue }
      self.counts[arc] = count > 1 ? count - 1 : nil
    }
    self.union = ArcSet(Array(self.counts.keys))
  }

  func contains(_ hash: UInt64) -> Bool { self.union.contains(hash) }

  func overlaps(_ range: ClosedRange<UInt64>) -> Bool { self.union.overlaps(range) }
}
