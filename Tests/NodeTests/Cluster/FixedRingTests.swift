import Cluster
import Testing

@testable import Node

@Suite struct FixedRingTests {
  private static let addresses: [String: Set<String>] = [
    "localhost": ["127.0.0.1", "::1"], "127.0.0.1": ["127.0.0.1"], "::1": ["::1"],
    "cache-1": ["10.0.0.1"], "cache-1.internal": ["10.0.0.1"], "10.0.0.1": ["10.0.0.1"],
    "cache-2": ["10.0.0.2"],
  ]

  private func ring(_ peers: [String], own: String) throws -> FixedRing {
    try FixedRing(
      peers: peers.map { try HostPort(parsing: $0) }, own: try HostPort(parsing: own),
      resolve: { Self.addresses[$0] ?? [] })
  }

  @Test(arguments: [
    "cache-1:7600", "CACHE-1:7600", "cache-1.internal:7600", "10.0.0.1:7600",
    "[::ffff:10.0.0.1]:7600",
  ])
  func `a node finds itself in the list however it spells itself`(own: String) throws {
    let ring = try self.ring(["cache-1:7600", "cache-2:7600"], own: own)
    #expect(ring.ownID == "cache-1:7600")
    #expect(ring.members.map(\.id) == ["cache-1:7600", "cache-2:7600"])
  }

  @Test func `nodes of one machine are told apart by their ports`() throws {
    let ring = try self.ring(["localhost:7600", "localhost:7601"], own: "127.0.0.1:7601")
    #expect(ring.ownID == "localhost:7601")
  }

  @Test func `a node that is not in the list hears what was given`() throws {
    let error = #expect(throws: NodeError.self) {
      try self.ring(["cache-1:7600", "cache-2:7600"], own: "10.0.0.9:7600")
    }
    #expect(
      error?.description == "peers: this node is 10.0.0.9:7600 and is not in the list"
        + " cache-1:7600,cache-2:7600. Give the address that the list has for it with --advertise,"
        + " or add it, on every node.")
  }

  @Test func `a list that has the node twice is refused: it would call itself`() throws {
    let error = #expect(throws: NodeError.self) {
      try self.ring(["cache-1:7600", "10.0.0.1:7600"], own: "cache-1:7600")
    }
    #expect(error?.description.contains("cache-1:7600 and 10.0.0.1:7600 are the same") == true)
  }

  @Test func `names that nobody can resolve yet are other nodes`() throws {
    let ring = try self.ring(["cache-1:7600", "not-there-yet:7600"], own: "cache-1:7600")
    #expect(ring.members.count == 2)
  }

  @Test func `the resolver knows an address and localhost, and nothing of what does not exist`() {
    #expect(FixedRing.addresses(of: "127.0.0.1") == ["127.0.0.1"])
    #expect(FixedRing.addresses(of: "::1") == ["::1"])
    #expect(!FixedRing.addresses(of: "localhost").isDisjoint(with: ["127.0.0.1", "::1"]))
    #expect(FixedRing.addresses(of: "no-such-host.invalid").isEmpty)
  }

  @Test func `spellings of one address are one`() throws {
    let spellings = [
      ("[0:0::1]:7600", "[::1]:7600"), ("[::FFFF:1.2.3.4]:1", "1.2.3.4:1"), ("A.b:1", "a.b:1"),
    ]
    for (text, canonical) in spellings {
      #expect(try HostPort(parsing: text).canonical.description == canonical)
    }
  }
}
