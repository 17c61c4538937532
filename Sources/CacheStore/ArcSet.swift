/// Hashes that are in any of some arcs, which may overlap.
public struct ArcSet: Sendable {
  private let arcs: TrackedArcs

  /// The hashes in `arcs`.
  public init(_ arcs: [HashArc]) {
    var tracked = TrackedArcs()
    tracked.insert(arcs)
    self.arcs = tracked
  }

  /// Takes time in proportion to the logarithm of the number of arcs.
  func contains(_ hash: UInt64) -> Bool { self.arcs.contains(hash) }
}
