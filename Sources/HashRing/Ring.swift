/// Which nodes own which keys: consistent hashing (Karger et al., "Consistent Hashing and Random
/// Trees", 1997) as the ring_hash policy of gRPC does it (proposal A42).
///
/// Each node has points on the circle of 64-bit hashes, as many as its weight says. A key belongs
/// to the node of the first point at or after its hash; past the largest hash comes 0. A node that
/// joins takes keys from the others and moves none between them.
///
/// Immutable and the same on every node that builds it from the same nodes, in whatever order: to
/// change it, build another and swap. A look-up takes no lock, allocates nothing and counts no
/// references.
///
///     bucket of the hash (its top bits)      firsts   .. 4 5 5 8 ..
///                                                        | |    `- first point of the next bucket
///     points, by position                    points   .. 4 5 6 7 8 ..    and a sentinel behind
///
/// There are one to two buckets for each point, so that most searches end at the first point they
/// see or at the second. More buckets would shorten them, and cost more in cache misses.
public final class Ring: Sendable {
  /// The most nodes of a ring.
  public static let nodesMax = 1_024
  /// The most points of a ring, up to 24 bytes each: 2,048 nodes of weight 1, or fewer and heavier.
  public static let pointsMax = 1 << 22

  /// Owners of each key, primary included, as far as there are nodes.
  public let ownersPerKey: Int
  /// The nodes by ring key, in the order of its bytes. Look-ups answer with indexes into these.
  public let nodes: [RingNode]

  /// By position; points that fall on one position by node, so that every node of the cluster
  /// sees the same one first. Behind them the sentinel: it has the first point's owner, lies at the
  /// largest hash, and so ends every search and closes the circle.
  @usableFromInline let points: ContiguousArray<Point>
  /// For each bucket the index of the first point that does not lie before it.
  @usableFromInline let firsts: ContiguousArray<UInt32>
  /// Shifts a hash to the number of its bucket.
  @usableFromInline let bucketShift: UInt64
  /// For each point, and the sentinel, the `replicasPerPoint` owners behind the primary.
  let replicas: ContiguousArray<UInt16>
  let replicasPerPoint: Int
  private let shares: [Double]

  /// The ring of these nodes; without any, nobody owns anything.
  ///
  /// Building takes about a millisecond for ten nodes of weight 1, and 0.2 s for a thousand.
  ///
  /// - Parameter ownersPerKey: 1 to `OwnerList.ownersMax`.
  /// - Throws: `RingError`, if two nodes have one id or one ring key, or if there are more nodes or
  ///   points than a ring can have.
  public convenience init(
    _ nodes: some Sequence<RingNode>, ownersPerKey: Int = 1
  ) throws(RingError) {
    try self.init(nodes, ownersPerKey: ownersPerKey, positions: \.positions)
  }

  /// - Parameter positions: where the points of a node lie, by their numbers; for tests.
  init(
    _ nodes: some Sequence<RingNode>, ownersPerKey: Int, positions: (RingNode) -> [UInt64]
  ) throws(RingError) {
    precondition(
      (1...OwnerList.ownersMax).contains(ownersPerKey),
      "a key has 1 to \(OwnerList.ownersMax) owners")
    let nodes = nodes.sorted { $0.ringKey.utf8.lexicographicallyPrecedes($1.ringKey.utf8) }
    try Self.validate(nodes)
    var zones: [String: UInt16] = [:]
    var points: ContiguousArray<Point> = []
    points.reserveCapacity(nodes.reduce(1) { $0 + $1.pointCount })
    for (node, ringNode) in nodes.enumerated() {
      let zone = zones[ringNode.zone] ?? UInt16(zones.count)
      zones[ringNode.zone] = zone
      for (index, position) in positions(ringNode).enumerated() {
        points.append(
          Point(position: position, index: UInt32(index), node: UInt16(node), zone: zone))
      }
    }
    Self.sort(&points)
    self.ownersPerKey = ownersPerKey
    self.nodes = nodes
    self.replicasPerPoint = max(0, min(ownersPerKey, nodes.count) - 1)
    self.replicas = Self.replicas(
      self.replicasPerPoint, nodes: nodes.count, zones: zones.count, over: points)
    self.shares = Self.shares(of: nodes.count, points)
    points.append(Point.sentinel(before: points.first))
    self.points = points
    (self.firsts, self.bucketShift) = Self.buckets(over: points)
  }

  /// True if nobody owns anything.
  public var isEmpty: Bool { self.nodes.isEmpty }

  /// Points of all nodes together.
  public var pointCount: Int { self.points.count - 1 }

  /// The primary owner of a key with this hash, as an index into `nodes`; nil if there are none.
  @inlinable
  public func owner(of hash: UInt64) -> Int? {
    let node = self.points[self.indexOfPoint(for: hash)].node
    return node == Point.nobody ? nil : Int(node)
  }

  /// The part of all hashes whose primary owner the node is, between 0 and 1.
  public func share(of node: Int) -> Double { self.shares[node] }

  /// The index in `points` of the first point at or after the hash, which may be the sentinel.
  @inlinable
  func indexOfPoint(for hash: UInt64) -> Int {
    // The masked shift equals the plain one: a table has 1...23 bits, so the shift is 41...63.
    var index = Int(self.firsts[Int(truncatingIfNeeded: hash &>> self.bucketShift)])
    while self.points[index].position < hash { index += 1 }
    return index
  }
}

extension Ring {
  /// One point. 16 bytes, so that its position and its node come with one cache line.
  @frozen @usableFromInline
  struct Point: Sendable {
    /// Stands for a node in the sentinel of an empty ring.
    @usableFromInline static let nobody = UInt16.max

    @usableFromInline let position: UInt64
    /// The point's number among those of its node.
    @usableFromInline let index: UInt32
    /// Index into `Ring.nodes`.
    @usableFromInline let node: UInt16
    /// The number of the node's zone, counted by the first node in each.
    @usableFromInline let zone: UInt16

    func isBefore(_ other: Self) -> Bool {
      (self.position, self.node, self.index) < (other.position, other.node, other.index)
    }

    static func sentinel(before first: Point?) -> Point {
      Point(
        position: .max, index: first?.index ?? 0, node: first?.node ?? self.nobody,
        zone: first?.zone ?? 0)
    }
  }

  /// By position, and at one position by node: its index stands for its ring key, for nodes are in the order
  /// of these.
  private static func sort(_ points: inout ContiguousArray<Point>) {
    // Positions are hashes, hence spread evenly: once each point is among those of its top bits, as many
    // cells of these as there are points, next to none has more than a few places to go.
    let bits = max(1, Int.bitWidth - points.count.leadingZeroBitCount)
    let shift = UInt64(UInt64.bitWidth - bits)
    var places = ContiguousArray<Int>(repeating: 0, count: 1 << bits)
    for point in points { places[Int(point.position >> shift)] += 1 }
    var sum = 0
    for cell in places.indices {
      (places[cell], sum) = (sum, sum + places[cell])
    }
    var sorted = points
    for point in points {
      let cell = Int(point.position >> shift)
      sorted[places[cell]] = point
      places[cell] += 1
    }
    for (index, point) in sorted.enumerated().dropFirst() {
      var place = index
      while place > 0, point.isBefore(sorted[place - 1]) {
        sorted[place] = sorted[place - 1]
        place -= 1
      }
      sorted[place] = point
    }
    points = sorted
  }

  private static func validate(_ nodes: [RingNode]) throws(RingError) {
    guard nodes.count <= self.nodesMax else { throw RingError.tooManyNodes(nodes.count) }
    let pointCount = nodes.reduce(0) { $0 + $1.pointCount }
    guard pointCount <= self.pointsMax else { throw RingError.tooManyPoints(pointCount) }
    var ids: Set<String> = []
    var idOfKey: [String: String] = [:]
    for node in nodes {
      guard ids.insert(node.id).inserted else { throw RingError.duplicateID(node.id) }
      if let first = idOfKey.updateValue(node.id, forKey: node.ringKey) {
        throw RingError.duplicateRingKey(node.ringKey, firstID: first, secondID: node.id)
      }
    }
  }

  /// The table over the top bits of hashes, and the shift that leaves these.
  private static func buckets(
    over points: ContiguousArray<Point>
  ) -> (firsts: ContiguousArray<UInt32>, shift: UInt64) {
    // At least as many buckets as points, the sentinel too, and a power of two.
    let bits = max(1, Int.bitWidth - (points.count - 1).leadingZeroBitCount)
    let shift = UInt64(UInt64.bitWidth - bits)
    var firsts: ContiguousArray<UInt32> = []
    firsts.reserveCapacity(1 << bits)
    var index = 0
    for bucket in 0..<(UInt64(1) << UInt64(bits)) {
      // The sentinel lies before no bucket.
      while points[index].position < bucket << shift { index += 1 }
      firsts.append(UInt32(index))
    }
    return (firsts, shift)
  }

  /// The share of each node: the exact lengths of what its points own, added up, over 2^64.
  private static func shares(of nodeCount: Int, _ points: ContiguousArray<Point>) -> [Double] {
    guard let first = points.first, let last = points.last else { return [] }
    var lengths = [UInt128](repeating: 0, count: nodeCount)
    if first.position == last.position {
      // One position, so its first point owns the whole circle, whose length is 0 modulo 2^64.
      lengths[Int(first.node)] = 1 << 64
    } else {
      var previous = last.position
      for point in points {
        // A distance on the circle is a difference modulo 2^64.
        lengths[Int(point.node)] += UInt128(point.position &- previous)
        previous = point.position
      }
    }
    return lengths.map { Double($0) / 0x1p64 }
  }
}
