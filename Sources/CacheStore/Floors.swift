internal import Synchronization

/// What one cell remembers of tombstones that were dropped; see `Store.floors(in:)`.
public struct Floor: Sendable, Hashable {
  /// Below `Store.floorCells`.
  public let cell: Int
  public let version: Version

  public init(cell: Int, version: Version) {
    self.cell = cell
    self.version = version
  }
}

/// What the store still knows of tombstones it had to drop: for each cell of the hash circle, the
/// highest version among them. A copy at or below its cell's floor may be one that was deleted.
///
/// One table serves all shards. A cell is raised and read under the lock of the key's shard, which
/// orders the two for each key; the atomics only keep different shards out of each other's way.
final class Floors: Sendable {
  /// Cells of the table, a power of two; 32 KiB in all.
  static let cellCount = 4096
  private static let cellShift: UInt64 = 52

  private let cells = InlineArray<4096, Atomic<UInt64>> { _ in Atomic(0) }

  func floor(of hash: UInt64) -> Version {
    Version(rawValue: self.cells[Self.cell(of: hash)].load(ordering: .relaxed))
  }

  /// The highest floor of the cells that `arc` touches.
  func highest(in arc: HashArc) -> Version {
    var highest: UInt64 = 0
    for range in ArcSet([arc]).ranges {
      for cell in Self.cell(of: range.lowerBound)...Self.cell(of: range.upperBound) {
        highest = max(highest, self.cells[cell].load(ordering: .relaxed))
      }
    }
    return Version(rawValue: highest)
  }

  func raise(at hash: UInt64, to version: Version) {
    self.raise(Self.cell(of: hash), to: version)
  }

  func raise(_ cell: Int, to version: Version) {
    self.cells[cell].max(version.rawValue, ordering: .relaxed)
  }

  /// The floors of the cells that `arcs` touch, but for those that were never raised; ascending.
  func all(in arcs: ArcSet) -> [Floor] {
    self.cells(in: arcs.ranges).compactMap { cell in
      let version = self.cells[cell].load(ordering: .relaxed)
      return version == 0 ? nil : Floor(cell: cell, version: Version(rawValue: version))
    }
  }

  /// Forgets the floors of cells that touch `arcs` and nothing of `tracked`.
  func reset(_ arcs: ArcSet, sparing tracked: TrackedArcs) {
    for cell in self.cells(in: arcs.ranges) {
      let first = UInt64(cell) << Self.cellShift
      if tracked.overlaps(first...(first | (1 << Self.cellShift - 1))) { continue }
      self.cells[cell].store(0, ordering: .relaxed)
    }
  }

  /// The cells that ranges in ascending order touch, each once.
  private func cells(in ranges: [ClosedRange<UInt64>]) -> [Int] {
    var cells: [Int] = []
    for range in ranges {
      let first = max(Self.cell(of: range.lowerBound), cells.last.map { $0 + 1 } ?? 0)
      let last = Self.cell(of: range.upperBound)
      if first <= last { cells += first...last }
    }
    return cells
  }

  private static func cell(of hash: UInt64) -> Int { Int(hash >> self.cellShift) }
}
