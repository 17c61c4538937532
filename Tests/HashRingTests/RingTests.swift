import Testing

@testable import HashRing

struct RingTests {
  @Test func `a ring without nodes has no owners`() throws {
    let ring = try Ring([], ownersPerKey: 3)
    #expect(ring.isEmpty && ring.pointCount == 0)
    for hash in [0, 1 << 63, UInt64.max] {
      #expect(ring.owner(of: hash) == nil)
      #expect(ring.owners(of: hash).isEmpty)
      #expect(ring.why(hash) == nil)
    }
  }

  @Test func `a single node owns everything`() throws {
    let ring = try Ring([try RingNode(id: "a")], ownersPerKey: 3)
    #expect(ring.share(of: 0) == 1)
    for hash in [0, 1 << 63, UInt64.max] {
      #expect(ring.owner(of: hash) == 0)
      #expect(Array(ring.owners(of: hash)) == [0])
    }
  }

  @Test func `a single point owns everything, wherever it lies`() throws {
    for position in [0, 77, UInt64.max] {
      let model = ModelRing(members: [.init(id: "a", positions: [position])], ownersPerKey: 1)
      let ring = try model.ring()
      #expect(ring.share(of: 0) == 1)
      #expect([0, 76, 77, 78, .max].allSatisfy { ring.owner(of: $0) == 0 })
      #expect(ring.why(5)?.arc == RingArc(after: position, through: position))
    }
  }

  @Test func `a point owns the hashes behind the point before it, and its own`() throws {
    let ring = try ModelRing(
      members: [.init(id: "a", positions: [10]), .init(id: "b", positions: [20])], ownersPerKey: 1
    ).ring()
    #expect([9, 10, 11, 20].map(ring.ownerID(of:)) == ["a", "a", "b", "b"])
  }

  @Test func `behind the last point the first one follows`() throws {
    let ring = try ModelRing(
      members: [.init(id: "a", positions: [10]), .init(id: "b", positions: [20])], ownersPerKey: 1
    ).ring()
    #expect([21, 1 << 63, .max, 0].allSatisfy { ring.ownerID(of: $0) == "a" })
    #expect(ring.why(.max)?.arc == RingArc(after: 20, through: 10))
  }

  @Test func `points at 0 and at the largest hash own these hashes`() throws {
    let ring = try ModelRing(
      members: [.init(id: "a", positions: [.max]), .init(id: "b", positions: [0])],
      ownersPerKey: 1
    ).ring()
    #expect([0, 1, .max - 1, .max].map(ring.ownerID(of:)) == ["b", "a", "a", "a"])
    #expect(ring.share(of: 1) == 0x1p-64)
  }

  @Test func `of points that collide the one of the lower ring key counts`() throws {
    let members: [ModelRing.Member] = [
      .init(id: "c", positions: [10, 20]), .init(id: "a", positions: [20]),
      .init(id: "b", positions: [10, 20]),
    ]
    for members in [members, members.reversed()] {
      let ring = try ModelRing(members: members, ownersPerKey: 2).ring()
      #expect([10, 20].map(ring.ownerID(of:)) == ["b", "a"])
      #expect(ring.ids(ring.owners(of: 10)) == ["b", "c"])
      #expect(ring.nodes.indices.map(ring.share(of:)).reduce(0, +) == 1)
    }
  }

  @Test func `where all points collide the lowest ring key owns the circle`() throws {
    let ring = try ModelRing(
      members: [.init(id: "b", positions: [7]), .init(id: "a", positions: [7])], ownersPerKey: 2
    ).ring()
    for hash in [0, 7, 8, UInt64.max] { #expect(ring.ids(ring.owners(of: hash)) == ["a", "b"]) }
    #expect(ring.nodes.indices.map(ring.share(of:)) == [1, 0])
    #expect(ring.changes(from: try Ring([], ownersPerKey: 2)).map(\.arc.share) == [1])
  }

  @Test func `ring keys are ordered by their bytes`() throws {
    // As Unicode text "é" (2 bytes from 0xC3) and "e" with an accent of its own are equal.
    let ring = try Ring(
      ["\u{E9}1", "e\u{301}2", "z"].map { try RingNode(id: $0, weight: 0.01) })
    #expect(ring.nodes.map(\.id) == ["e\u{301}2", "z", "\u{E9}1"])
  }

  @Test func `the order in which nodes are given changes nothing`() throws {
    var random = SplitMix64(seed: 5)
    let nodes = try (0..<20).map { try RingNode(id: "node-\($0)", zone: "\($0 % 3)", weight: 0.1) }
    let ring = try Ring(nodes, ownersPerKey: 3)
    let other = try Ring(nodes.shuffled(using: &random), ownersPerKey: 3)
    #expect(ring.nodes == other.nodes)
    #expect(ring.changes(from: other).isEmpty)
  }

  @Test func `the ring key places a node, the id does not`() throws {
    let ring = try Ring([
      try RingNode(id: "first", ringKey: "x"), try RingNode(id: "second", ringKey: "y"),
    ])
    let renamed = try Ring([
      try RingNode(id: "other", ringKey: "x"), try RingNode(id: "second", ringKey: "y"),
    ])
    for hash in ModelRing.probes { #expect(ring.owner(of: hash) == renamed.owner(of: hash)) }
  }

  @Test func `why names the point that decides`() throws {
    let ring = try Ring((0..<5).map { try RingNode(id: "10.0.0.\($0):7600") })
    var random = SplitMix64(seed: 6)
    for hash in (0..<200).map({ _ in random.next() }) + [0, .max] {
      let point = try #require(ring.why(hash))
      let text = "\(ring.nodes[point.node].ringKey)_\(point.index)"
      #expect(point.node == ring.owner(of: hash))
      #expect(point.position == XXH64.hash(Array(text.utf8).span.bytes))
      #expect(point.arc.contains(hash) && point.arc.through == point.position)
      #expect(ring.points[point.rank].position == point.position)
    }
  }
}

struct RingLimitTests {
  @Test(arguments: [0, -1, 64.001, .infinity, -.infinity, .nan])
  func `a weight out of range is refused`(weight: Double) throws {
    let error = #expect(throws: RingError.self) { try RingNode(id: "n1", weight: weight) }
    let text = try #require(error).description
    #expect(text == "the weight of node n1 is \(weight): set it above 0 and to at most 64.0")
  }

  @Test func `the lightest node has one point and the heaviest 131,072`() throws {
    #expect(try RingNode(id: "a", weight: .leastNonzeroMagnitude).pointCount == 1)
    #expect(try RingNode(id: "a", weight: 1.5 / 2_048).pointCount == 2)
    #expect(try RingNode(id: "a", weight: 1).pointCount == 2_048)
    #expect(try RingNode(id: "a", weight: RingNode.weightMax).pointCount == 131_072)
  }

  @Test func `two nodes of one id are refused`() throws {
    let nodes = try ["x", "y"].map { try RingNode(id: "n1", ringKey: $0) }
    #expect(throws: RingError.duplicateID("n1")) { try Ring(nodes) }
  }

  @Test func `two nodes of one ring key are refused`() throws {
    let nodes = try ["n1", "n2"].map { try RingNode(id: $0, ringKey: "x") }
    #expect(throws: RingError.duplicateRingKey("x", firstID: "n1", secondID: "n2")) {
      try Ring(nodes)
    }
  }

  @Test func `a ring has at most nodesMax nodes`() throws {
    let nodes = try (0...Ring.nodesMax).map { try RingNode(id: "n\($0)", weight: 0.0001) }
    #expect(throws: RingError.tooManyNodes(1_025)) { try Ring(nodes) }
    #expect(try Ring(nodes.dropLast()).nodes.count == Ring.nodesMax)
  }

  @Test func `a ring has at most pointsMax points`() throws {
    // 32 nodes of weight 64 have just as many points as a ring can have; their points are not
    // computed, for they would take a while.
    let nodes = try (0..<33).map { try RingNode(id: "n\($0)", weight: $0 < 32 ? 64 : 0.0001) }
    #expect(throws: RingError.tooManyPoints(Ring.pointsMax + 1)) {
      try Ring(nodes, ownersPerKey: 1) { _ in [1] }
    }
    #expect(throws: Never.self) { try Ring(nodes.dropLast(), ownersPerKey: 1) { _ in [1] } }
  }

  @Test func `each error names the remedy`() {
    let errors: [RingError] = [
      .weight(id: "n1", weight: 0), .duplicateID("n1"),
      .duplicateRingKey("x", firstID: "n1", secondID: "n2"), .tooManyNodes(2_000),
      .tooManyPoints(5_000_000),
    ]
    #expect(
      errors.map(\.description) == [
        "the weight of node n1 is 0.0: set it above 0 and to at most 64.0",
        "two nodes have the id n1: give each node an id of its own",
        "nodes n1 and n2 have the same ring key, x: give each node its own",
        "a ring of 2000 nodes: it can have at most 1024",
        "the weights of all nodes make 5000000 points, and a ring has at most 4194304: "
          + "scale all weights down",
      ])
  }
}
