extension Ring {
  /// The owners of a key with this hash: `ownersPerKey`, or all nodes if there are fewer.
  ///
  /// The primary is the key's `owner(of:)`. The others follow as their points do on the ring: first
  /// those that each stand in a zone which none before them stands in, then, if there are not
  /// enough zones, those that were passed over. So the first few owners are what a ring with
  /// fewer owners of each key would answer.
  ///
  /// The zone comes before the weight: a node alone in its zone owns a copy of every key whose list
  /// reaches that far, however light it is.
  ///
  /// Costs what `owner(of:)` costs and one cache line more.
  public func owners(of hash: UInt64) -> OwnerList {
    self.owners(at: self.indexOfPoint(for: hash))
  }

  /// The owners of the hashes whose first point is the one at `index` in `points`.
  func owners(at index: Int) -> OwnerList {
    var owners = OwnerList()
    let node = self.points[index].node
    if node == Point.nobody { return owners }
    owners.append(node)
    let start = index * self.replicasPerPoint
    for replica in start..<(start + self.replicasPerPoint) { owners.append(self.replicas[replica]) }
    return owners
  }

  /// For each point and then the sentinel the `count` owners behind the primary.
  static func replicas(
    _ count: Int, nodes: Int, zones: Int, over points: ContiguousArray<Point>
  ) -> ContiguousArray<UInt16> {
    if count == 0 { return [] }
    var sweep = OwnerSweep(nodes: nodes, zones: zones)
    // The points behind the last one are the first ones, so once around to see them all.
    for point in points.reversed() { sweep.visit(point) }
    // The sentinel stands for the first point.
    var index = points.count * count
    var replicas = ContiguousArray<UInt16>(repeating: 0, count: index + count)
    func store(_ owners: OwnerList) {
      for (offset, node) in owners.dropFirst().enumerated() {
        replicas[index + offset] = UInt16(node)
      }
    }
    store(sweep.owners(count + 1))
    for point in points.reversed() {
      sweep.visit(point)
      index -= count
      store(sweep.owners(count + 1))
    }
    return replicas
  }
}

/// Goes backwards along the points and knows what lies ahead of each: which nodes and zones come
/// next, in order. So each list costs as much as it is long, however rare a node or a zone is;
/// walking ahead from each point would pass thousands of points to find a light one.
private struct OwnerSweep {
  private var nodes: RecencyList
  private var zones: RecencyList
  /// The next node of each zone.
  private var nodeOfZone: [UInt16]

  init(nodes: Int, zones: Int) {
    self.nodes = RecencyList(capacity: nodes)
    self.zones = RecencyList(capacity: zones)
    self.nodeOfZone = Array(repeating: 0, count: zones)
  }

  mutating func visit(_ point: Ring.Point) {
    self.nodes.moveToFront(point.node)
    self.zones.moveToFront(point.zone)
    self.nodeOfZone[Int(point.zone)] = point.node
  }

  /// The first `count` owners of the hashes up to the point visited last.
  func owners(_ count: Int) -> OwnerList {
    var owners = OwnerList()
    var zone = self.zones.first
    while owners.count < count, zone != self.zones.end {
      owners.append(self.nodeOfZone[Int(zone)])
      zone = self.zones.next(after: zone)
    }
    var node = self.nodes.first
    while owners.count < count, node != self.nodes.end {
      if !owners.contains(Int(node)) { owners.append(node) }
      node = self.nodes.next(after: node)
    }
    return owners
  }
}
