import HashRing
import Testing

@testable import Cluster

@Suite struct RoutingTableTests {
  private static func member(_ number: Int, weight: Double = 1) -> Member {
    Member(id: "10.0.0.\(number):7600", host: "10.0.0.\(number)", port: 7600, weight: weight)
  }

  private func table(_ numbers: [Int], own: Int) throws -> RoutingTable {
    try RoutingTable(
      epoch: .fixed, members: numbers.map { Self.member($0) }, ownID: "10.0.0.\(own):7600")
  }

  private var hashes: [UInt64] { (0..<1_000).map { UInt64($0) << 54 | 12_345 } }

  @Test func `every key has one owner, and it is the same by each node's table`() throws {
    let tables = try (1...3).map { try self.table([3, 1, 2], own: $0) }
    for hash in self.hashes {
      #expect(tables.count { $0.otherOwner(of: hash) == nil } == 1)
      let owners = tables.compactMap { table in
        table.otherOwner(of: hash).map { table.members[$0].id }
      }
      #expect(owners.count == 2 && Set(owners).count == 1)
    }
  }

  @Test func `a node alone owns everything`() throws {
    let table = try self.table([1], own: 1)
    #expect(self.hashes.allSatisfy { table.otherOwner(of: $0) == nil })
  }

  @Test func `a node that is not in the ring owns nothing`() throws {
    let table = try self.table([1, 2], own: 9)
    #expect(table.own == nil)
    #expect(self.hashes.allSatisfy { table.otherOwner(of: $0) != nil })
  }

  @Test func `another view of the same ring has the same owners`() throws {
    let table = try self.table([1, 2], own: 1)
    let epoch = Epoch(incarnation: 3, revision: 4)
    let other = RoutingTable(table, epoch: epoch, duty: .isolated)
    #expect(other.epoch == epoch && other.duty == .isolated && table.duty == .serving)
    #expect(other.ring === table.ring && other.ownID == table.ownID && other.own == table.own)
    #expect(
      self.hashes.allSatisfy { table.otherOwner(of: $0) == other.otherOwner(of: $0) })
  }

  @Test func `without any member there is nobody to ask`() throws {
    let table = try self.table([], own: 1)
    #expect(self.hashes.allSatisfy { table.otherOwner(of: $0) == nil })
  }

  @Test func `two members with one id are refused`() {
    #expect(throws: RingError.self) { try self.table([1, 2, 1], own: 1) }
  }

  @Test func `rings of the same nodes have one fingerprint, others another`() throws {
    let fingerprint = try self.table([1, 2, 3], own: 1).fingerprint
    #expect(fingerprint.count == 16)
    #expect(try self.table([3, 2, 1], own: 2).fingerprint == fingerprint)
    #expect(try self.table([1, 2], own: 1).fingerprint != fingerprint)
    let heavier = try RoutingTable(
      epoch: .fixed, members: [Self.member(1), Self.member(2), Self.member(3, weight: 2)],
      ownID: "10.0.0.1:7600")
    #expect(heavier.fingerprint != fingerprint)
  }

  @Test func `an IPv6 address is shown in brackets`() {
    #expect(Member(id: "a", host: "::1", port: 7600).address == "[::1]:7600")
  }
}
