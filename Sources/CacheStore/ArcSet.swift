/// Hashes that are in any of some arcs, which may overlap.
public struct ArcSet: Sendable {
  private let arcs: TrackedArcs

  /// The hashes in `arcs`.
  public init(_ arcs: [HashArc]) {
    var tracked = TrackedArcs()
    tracked.insert(arcs.flatMap(\.ranges))
    self.arcs = tracked
  }

  /// The same as ranges that do not wrap: ascending, and no two of them touch.
  var ranges: [ClosedRange<UInt64>] { self.arcs.ranges }

  /// Takes time in proportion to the logarithm of the number of arcs.
  func contains(_ hash: UInt64) -> Bool { self.arcs.contains(hash) }
}
