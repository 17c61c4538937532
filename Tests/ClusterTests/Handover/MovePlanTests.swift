import HashRing
import Testing

@testable import Cluster

@Suite struct MovePlanTests {
  private static let epoch = Epoch(incarnation: 1, revision: 7)

  private func member(_ id: String, weight: Double = 1) -> Member {
    Member(id: id, host: "10.0.0.1", port: 7_600, zone: "z", weight: weight)
  }

  private func table(_ members: [Member], own: String) throws -> RoutingTable {
    try RoutingTable(epoch: Self.epoch, members: members, ownID: own)
  }

  private func plan(
    _ members: [Member], own: String, _ change: ProposedChange
  ) throws -> MovePlan {
    try MovePlan(self.table(members, own: own), change, batchMaxBytes: 16 << 20)
  }

  /// Spread over the circle, and not in step with any ring.
  private let hashes = (0..<20_000).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 }

  /// What really changes owners, by pairs of nodes.
  private func moved(_ before: [Member], _ after: [Member]) throws -> [String: Int] {
    let (old, new) = (try self.table(before, own: ""), try self.table(after, own: ""))
    return self.hashes.reduce(into: [:]) { moved, hash in
      guard let from = old.ring.owner(of: hash), let to = new.ring.owner(of: hash) else { return }
      let pair = (old.members[from].id, new.members[to].id)
      if pair.0 != pair.1 { moved["\(pair.0) \(pair.1)", default: 0] += 1 }
    }
  }

  /// What the nodes plan together, each with all hashes, of which it owns some.
  private func planned(_ before: [Member], _ change: ProposedChange) throws -> [String: Int] {
    var planned: [String: Int] = [:]
    for member in before {
      var plan = try self.plan(before, own: member.id, change)
      #expect(plan.epoch == Self.epoch)
      for hash in self.hashes { plan.count(hash: hash, itemBytes: 100) }
      for move in plan.moves {
        planned["\(member.id) \(move.heir)"] = move.entries
        // Each with a tag and its length, and what a message has around them.
        #expect((102 * move.entries...102 * move.entries + 32).contains(move.bytes))
        // What is counted is near the part of the circle that moves.
        #expect(abs(Double(move.entries) / Double(self.hashes.count) - move.share) < 0.02)
      }
    }
    return planned
  }

  private var three: [Member] { ["a", "b", "c"].map { self.member($0) } }

  @Test func `a node that joins gets from all what it would own`() throws {
    let joined = self.three + [self.member("d", weight: 0.5)]
    let planned = try self.planned(self.three, .add(id: "d", zone: "z", weight: 0.5))
    #expect(try planned == self.moved(self.three, joined))
    #expect(Set(planned.keys) == ["a d", "b d", "c d"])
  }

  @Test func `a node that leaves gives all it has to the others, which keep theirs`() throws {
    let planned = try self.planned(self.three, .remove(id: "b"))
    #expect(try planned == self.moved(self.three, [self.member("a"), self.member("c")]))
    #expect(Set(planned.keys) == ["b a", "b c"])
  }

  @Test(arguments: [0.25, 3])
  func `another weight moves the difference`(_ weight: Double) throws {
    let after = [self.member("a"), self.member("b", weight: weight), self.member("c")]
    let planned = try self.planned(self.three, .weigh(id: "b", weight: weight))
    #expect(try planned == self.moved(self.three, after))
    #expect(Set(planned.keys) == (weight < 1 ? ["b a", "b c"] : ["a b", "c b"]))
  }

  @Test func `the same weight moves nothing`() throws {
    #expect(try self.planned(self.three, .weigh(id: "b", weight: 1)).isEmpty)
  }

  @Test func `a node that is not on the ring has nothing to give`() throws {
    var plan = try self.plan(self.three, own: "x", .remove(id: "a"))
    for hash in self.hashes { plan.count(hash: hash, itemBytes: 1) }
    #expect(plan.moves.isEmpty)
  }

  @Test func `what cannot be is refused`() throws {
    #expect(throws: ProposalError.alreadyThere("b")) {
      try self.plan(self.three, own: "a", .add(id: "b", zone: "", weight: 1))
    }
    #expect(throws: ProposalError.unknown("x")) {
      try self.plan(self.three, own: "a", .remove(id: "x"))
    }
    #expect(throws: ProposalError.unknown("x")) {
      try self.plan(self.three, own: "a", .weigh(id: "x", weight: 1))
    }
    #expect(throws: ProposalError.ring(.weight(id: "a", weight: 0))) {
      try self.plan(self.three, own: "a", .weigh(id: "a", weight: 0))
    }
    #expect(throws: ProposalError.lastNode("a")) {
      try self.plan([self.member("a")], own: "a", .remove(id: "a"))
    }
  }
}
