import Etcd
import HashRing
import Testing

@testable import Cluster

@Suite struct MemberRosterTests {
  @Test func `members are in the order of their ids, whatever the order of their keys`() {
    let stored = [
      stored(node("b"), made: 3), stored(node("a"), made: 5), stored(node("c"), made: 4),
    ]
    for order in [stored, stored.reversed()] {
      let (members, faults) = roster(order).members()
      #expect(members.map(\.id) == ["a", "b", "c"] && faults.isEmpty)
    }
  }

  @Test func `a deletion, which has no value, is known by its key`() {
    var roster = roster([stored(node("a"), made: 1), stored(node("b"), made: 2)])
    roster.apply(deletion(keys.node("a"), at: 3))
    #expect(roster.members().members == [node("b")] && roster["a"] == nil)
    roster.apply(deletion(keys.node("never"), at: 4))
    #expect(roster.members().members == [node("b")])
  }

  @Test func `a malformed record is left out, and told by key and fault`() {
    var roster = roster([
      stored(node("a"), made: 1), stored(keys.node("b"), Array("junk".utf8), made: 2),
      stored(keys.node("x/y"), MemberRecord.encode(node("c")), made: 3),
    ])
    let (members, faults) = roster.members()
    #expect(members == [node("a")])
    #expect(faults.map(\.key) == [keys.node("b"), keys.node("x/y")])
    #expect(faults[0].description.contains("/larder/test/nodes/b: it is no JSON object"))
    // Mended, and gone.
    roster.apply(put(stored(node("b"), made: 2, written: 4)))
    roster.apply(deletion(keys.node("x/y"), at: 5))
    #expect(roster.members().members.map(\.id) == ["a", "b"] && roster.members().faults.isEmpty)
  }

  @Test func `of two nodes at one address the later one counts`() {
    let old = node("old", host: "same")
    let new = node("new", host: "same")
    for order in [
      [stored(old, made: 1), stored(new, made: 2)], [stored(new, made: 2), stored(old, made: 1)],
    ] {
      let (members, faults) = roster(order).members()
      #expect(members == [new])
      #expect(faults.map(\.key) == [keys.node("old")])
    }
  }

  @Test func `a ring can be made of the members, however many and heavy they are`() throws {
    // More nodes than a ring has.
    let many = (1...Ring.nodesMax + 5).map { stored(node("n\($0)", weight: 0.01), made: Int64($0)) }
    let (members, faults) = roster(many).members()
    #expect(members.count == Ring.nodesMax && faults.count == 5)
    // The first stay: nobody is pushed out by who comes later.
    #expect(!members.contains { $0.id == "n\(Ring.nodesMax + 1)" })
    _ = try Ring(members.map { try $0.ringNode() })

    // More points: 33 nodes of 64 x 2,048.
    let heavy = (1...33).map { stored(node("h\($0)", weight: 64), made: Int64($0)) }
    let light = stored(node("light", weight: 0.0001), made: 40)
    let (fitting, tooMuch) = roster(heavy + [light]).members()
    #expect(fitting.count == 32 && tooMuch.map(\.key) == [keys.node("h33"), keys.node("light")])
    #expect(try fitting.reduce(0) { $0 + (try $1.ringNode().pointCount) } == Ring.pointsMax)
  }

  @Test func `keys of other clusters are outside of what is watched`() {
    let other = MembershipKeys(cluster: "test2")
    #expect(!contains(keys.watched, other.node("a")) && !contains(keys.watched, other.incarnation))
    #expect(contains(keys.watched, keys.node("a")) && contains(keys.watched, keys.incarnation))
    #expect(contains(keys.watched, keys.node("~")) && !contains(keys.watched, keys.clock))
    #expect(keys.meaning(of: Array(other.node("a").utf8)) != .node(id: "a"))
  }

  @Test func `names that would lead to another cluster's keys are none`() {
    for name in ["", "a/b", "a b", "ü", String(repeating: "c", count: 65)] {
      #expect(!MembershipKeys.isValidCluster(name))
    }
    for id in ["", "a/b", "a b", "ü", String(repeating: "n", count: 260)] {
      #expect(!MembershipKeys.isValidID(id))
    }
    #expect(MembershipKeys.isValidCluster(String(repeating: "c", count: 64)))
    #expect(MembershipKeys.isValidID("[fe80::1%eth0]:7600"))
  }

  private func contains(_ range: KeyRange, _ key: String) -> Bool {
    let key = Array(key.utf8)
    return !key.lexicographicallyPrecedes(range.start) && key.lexicographicallyPrecedes(range.end)
  }

  private func roster(_ keyValues: [KeyValue]) -> MemberRoster {
    var roster = MemberRoster(keys: keys)
    for keyValue in keyValues { roster.put(keyValue) }
    return roster
  }
}
