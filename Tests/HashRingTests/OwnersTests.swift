import Testing

@testable import HashRing

struct OwnersTests {
  /// Hash 5 comes to a, b, c, d in this order.
  private static func ring(zones: [String], ownersPerKey: Int) throws -> Ring {
    let members = zip(["a", "b", "c", "d"], zones).enumerated().map { number, node in
      ModelRing.Member(
        id: node.0, zone: node.1, positions: [UInt64(10 * number + 10)])
    }
    return try ModelRing(members: members, ownersPerKey: ownersPerKey).ring()
  }

  @Test func `owners without zones follow as their points do`() throws {
    let ring = try Self.ring(zones: ["", "", "", ""], ownersPerKey: 3)
    #expect(ring.ids(ring.owners(of: 5)) == ["a", "b", "c"])
    #expect(ring.ids(ring.owners(of: 35)) == ["d", "a", "b"])
  }

  @Test func `zones not yet taken come first`() throws {
    let ring = try Self.ring(zones: ["x", "x", "y", "z"], ownersPerKey: 3)
    #expect(ring.ids(ring.owners(of: 5)) == ["a", "c", "d"])
    #expect(ring.ids(ring.owners(of: 15)) == ["b", "c", "d"])
  }

  @Test func `where zones do not suffice, nodes passed over follow in ring order`() throws {
    let ring = try Self.ring(zones: ["x", "x", "x", "y"], ownersPerKey: 3)
    #expect(ring.ids(ring.owners(of: 5)) == ["a", "d", "b"])
  }

  @Test func `nodes without a zone share one`() throws {
    let ring = try Self.ring(zones: ["", "", "y", ""], ownersPerKey: 2)
    #expect(ring.ids(ring.owners(of: 5)) == ["a", "c"])
  }

  @Test func `fewer nodes than owners asked for are all owners`() throws {
    let ring = try Self.ring(zones: ["x", "x", "y", "y"], ownersPerKey: 8)
    #expect(ring.ids(ring.owners(of: 5)) == ["a", "c", "b", "d"])
  }

  @Test func `eight owners fit into a list`() throws {
    let ring = try Ring(
      (0..<10).map { try RingNode(id: "\($0)", weight: 0.1) }, ownersPerKey: OwnerList.ownersMax)
    let owners = ring.owners(of: 5)
    #expect(owners.count == 8 && Set(owners).count == 8)
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `random rings answer as the model does`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    for _ in 0..<50 {
      let model = ModelRing.random(using: &random)
      let ring = try model.ring()
      for hash in ModelRing.probes {
        let expected = model.owners(of: hash)
        #expect(ring.ids(ring.owners(of: hash)) == expected, "hash \(hash) of \(model)")
        #expect(ring.ownerID(of: hash) == expected.first, "hash \(hash) of \(model)")
      }
    }
  }

  @Test func `lists are equal if their owners are, in order`() {
    var one = OwnerList()
    var two = OwnerList()
    #expect(one == two)
    one.append(3)
    #expect(one != two)
    two.append(4)
    #expect(one != two && one.count == two.count)
    #expect(Set([one, two, one]).count == 2)
  }
}
