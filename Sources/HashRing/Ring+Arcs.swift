extension Ring {
  /// For each of `nodes` the arcs that it is the primary owner of, one for each of its points that is not
  /// behind another at the same position.
  public func arcsByNode() -> [[RingArc]] {
    var arcs: [[RingArc]] = Array(repeating: [], count: self.nodes.count)
    guard self.pointCount > 0 else { return arcs }
    var previous = self.points[self.pointCount - 1].position
    for (index, point) in self.points[..<self.pointCount].enumerated() {
      // A single position is the whole circle; of several points at one the first decides.
      if point.position != previous || index == 0 {
        arcs[Int(point.node)].append(RingArc(after: previous, through: point.position))
      }
      previous = point.position
    }
    return arcs
  }
}
