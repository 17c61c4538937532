import Testing

@testable import HashRing

struct ChangesTests {
  private static func ring(
    _ positions: KeyValuePairs<String, [UInt64]>, ownersPerKey: Int = 1
  ) throws -> Ring {
    try ModelRing(
      members: positions.map { .init(id: $0, positions: $1) }, ownersPerKey: ownersPerKey
    ).ring()
  }

  @Test func `equal rings have no changes between them, nor have two empty ones`() throws {
    let ring = try Self.ring(["a": [10], "b": [20]])
    #expect(ring.changes(from: ring).isEmpty)
    #expect(try Ring([]).changes(from: Ring([])).isEmpty)
  }

  @Test func `the first node takes the whole circle from nobody, and the last leaves it`() throws {
    let empty = try Ring([])
    let ring = try Self.ring(["a": [10, 30]])
    let joining = ring.changes(from: empty)
    #expect(joining.count == 1)
    #expect(joining[0].arc.share == 1)
    #expect(joining[0].oldOwners.isEmpty && Array(joining[0].newOwners) == [0])
    let leaving = empty.changes(from: ring)
    #expect(leaving.count == 1)
    #expect(leaving[0].arc.share == 1)
    #expect(Array(leaving[0].oldOwners) == [0] && leaving[0].newOwners.isEmpty)
  }

  @Test func `a node that joins takes an arc from its successor`() throws {
    let old = try Self.ring(["a": [10], "c": [30]])
    let new = try Self.ring(["a": [10], "b": [20], "c": [30]])
    let changes = new.changes(from: old)
    #expect(changes.map(\.arc) == [RingArc(after: 10, through: 20)])
    // Node c has index 1 in the old ring and 2 in the new.
    #expect(Array(changes[0].oldOwners) == [1] && Array(changes[0].newOwners) == [1])
    #expect(new.nodes[1].id == "b")
  }

  @Test func `arcs that touch and change alike are one, also across 0`() throws {
    let old = try Self.ring(["a": [10, 20, 1 << 63, .max - 5], "c": [1_000]])
    let new = try Self.ring(["b": [10, 20, 1 << 63, .max - 5], "c": [1_000]])
    #expect(new.changes(from: old).map(\.arc) == [RingArc(after: 1_000, through: 20)])
  }

  @Test func `arcs that touch and change otherwise stay apart`() throws {
    let old = try Self.ring(["a": [10], "b": [20], "c": [30]])
    let new = try Self.ring(["d": [20], "c": [30]])
    let changes = new.changes(from: old)
    #expect(
      changes.map(\.arc) == [RingArc(after: 30, through: 10), RingArc(after: 10, through: 20)])
    #expect(changes.map { old.ids($0.oldOwners) } == [["a"], ["b"]])
  }

  @Test func `a node that comes back under another id changes owners in place`() throws {
    let old = try Ring([try RingNode(id: "n1#1", ringKey: "n1"), try RingNode(id: "n2")])
    let new = try Ring([try RingNode(id: "n1#2", ringKey: "n1"), try RingNode(id: "n2")])
    let changes = new.changes(from: old)
    #expect(changes.allSatisfy { old.ids($0.oldOwners) == ["n1#1"] })
    #expect(changes.allSatisfy { new.ids($0.newOwners) == ["n1#2"] })
    #expect(abs(changes.reduce(0) { $0 + $1.arc.share } - old.share(of: 0)) < 1e-12)
  }

  @Test func `an owner more of each key is a change of every hash`() throws {
    let nodes = try (0..<3).map { try RingNode(id: "\($0)", weight: 0.1) }
    let changes = try Ring(nodes, ownersPerKey: 2).changes(from: Ring(nodes, ownersPerKey: 1))
    #expect(abs(changes.reduce(0) { $0 + $1.arc.share } - 1) < 1e-12)
    #expect(changes.allSatisfy { $0.oldOwners.count == 1 && $0.newOwners.count == 2 })
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `random rings change where the model does, and nowhere else`(seed: UInt64) throws {
    var random = SplitMix64(seed: 100 + seed)
    for _ in 0..<40 {
      let before = ModelRing.random(ownersPerKey: 1...4, using: &random)
      let after = ModelRing.random(ownersPerKey: 1...4, using: &random)
      let old = try before.ring()
      let new = try after.ring()
      let changes = new.changes(from: old)
      let situation: Comment = "from \(before) to \(after)"
      for hash in ModelRing.probes {
        let owners = (before.owners(of: hash), after.owners(of: hash))
        let found = changes.filter { $0.arc.contains(hash) }
        #expect(found.count == (owners.0 == owners.1 ? 0 : 1), situation)
        for change in found {
          #expect(old.ids(change.oldOwners) == owners.0, situation)
          #expect(new.ids(change.newOwners) == owners.1, situation)
        }
      }
      for (index, change) in changes.enumerated() where changes.count > 1 {
        let next = changes[(index + 1) % changes.count]
        let isTouching = change.arc.through == next.arc.after
        let isAlike = change.oldOwners == next.oldOwners && change.newOwners == next.newOwners
        #expect(!(isTouching && isAlike), situation)
      }
      #expect(changes.map(\.arc.through) == changes.map(\.arc.through).sorted(), situation)
    }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `replicas change hands only around the node that joins`(seed: UInt64) throws {
    var random = SplitMix64(seed: 200 + seed)
    let nodes = try (0..<8).map {
      try RingNode(id: "\(seed)-\($0)", zone: "\($0 % 3)", weight: 0.2)
    }
    let old = try Ring(nodes.dropLast(), ownersPerKey: 3)
    let new = try Ring(nodes, ownersPerKey: 3)
    let changes = new.changes(from: old)
    for hash in (0..<2_000).map({ _ in random.next() }) {
      let before = old.ids(old.owners(of: hash))
      let after = new.ids(new.owners(of: hash))
      #expect(changes.contains { $0.arc.contains(hash) } == (before != after))
      // Whoever is an owner now was one before, or is the new node.
      #expect(Set(after).subtracting(before).isSubset(of: [nodes[7].id]))
    }
  }
}

struct RingArcTests {
  @Test func `an arc has its end and not its beginning`() {
    let arc = RingArc(after: 10, through: 20)
    #expect([10, 11, 20, 21].map(arc.contains) == [false, true, true, false])
    #expect(arc.share == 10 * 0x1p-64)
  }

  @Test func `an arc wraps from the largest hash to 0`() {
    let arc = RingArc(after: .max - 1, through: 1)
    #expect([.max - 1, .max, 0, 1, 2].map(arc.contains) == [false, true, true, true, false])
    #expect(arc.share == 3 * 0x1p-64)
  }

  @Test func `equal ends are the whole circle`() {
    let arc = RingArc(after: 5, through: 5)
    #expect([0, 4, 5, 6, .max].allSatisfy(arc.contains))
    #expect(arc.share == 1)
  }
}
