/// How often each hash is tracked, for the question "is this hash tracked at all?".
///
/// Counts hashes, not arcs: what was tracked in one piece may be untracked in parts.
struct TrackedArcs: Sendable {
  /// From this hash up to the next place's, each is tracked so often.
  private struct Place {
    var hash: UInt64
    var count: Int
  }

  /// Ascending. What lies before the first is not tracked.
  private var places: [Place] = []
  /// The tracked hashes: ascending, and no two ranges touch.
  private(set) var ranges: [ClosedRange<UInt64>] = []

  var isEmpty: Bool { self.ranges.isEmpty }

  mutating func insert(_ ranges: [ClosedRange<UInt64>]) { self.add(1, to: ranges) }

  /// Takes back one `insert` of each of these hashes; those that are not tracked are left alone.
  mutating func remove(_ ranges: [ClosedRange<UInt64>]) { self.add(-1, to: ranges) }

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

  private mutating func add(_ times: Int, to ranges: [ClosedRange<UInt64>]) {
    // By how much the count changes, and where.
    var changes: [(hash: UInt64, by: Int)] = []
    changes.reserveCapacity(self.places.count + 2 * ranges.count)
    var before = 0
    for place in self.places {
      changes.append((place.hash, place.count - before))
      before = place.count
    }
    for range in ranges {
      changes.append((range.lowerBound, times))
      if range.upperBound < .max { changes.append((range.upperBound + 1, -times)) }
    }
    changes.sort { $0.hash < $1.hash }
    self.places.removeAll()
    var sum = 0
    for (index, change) in changes.enumerated() {
      sum += change.by
      if index + 1 < changes.count, changes[index + 1].hash == change.hash { continue }
      let count = max(0, sum)
      if count != self.places.last?.count ?? 0 {
        self.places.append(Place(hash: change.hash, count: count))
      }
    }
    self.ranges = self.trackedRanges()
  }

  private func trackedRanges() -> [ClosedRange<UInt64>] {
    var ranges: [ClosedRange<UInt64>] = []
    var first: UInt64?
    for place in self.places {
      if place.count > 0 {
        first = first ?? place.hash
      } else if let start = first {
        // Not the first place, so its hash is not 0.
        ranges.append(start...place.hash - 1)
        first = nil
      }
    }
    if let first { ranges.append(first...UInt64.max) }
    return ranges
  }
}
