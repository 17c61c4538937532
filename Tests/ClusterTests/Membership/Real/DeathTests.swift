import Etcd
import EtcdTestSupport
import Testing

@testable import Cluster

/// Against a real etcd.
@Suite struct DeathTests {
  @Test func `a member that is declared dead is off all rings before its lease ends`() async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        try await withClient(etcd) { client in
          let lease = try await client.grantLease(ttl: .seconds(600)).id
          let ghost = Member(id: "c", host: "127.0.0.1", port: 1, incarnation: 7)
          try await client.put(
            PutRequest(
              Array("/larder/default/nodes/c".utf8), MemberRecord.encode(ghost), lease: lease))
          try await eventually("it is known") { nodes.allSatisfy { $0.ids == ["a", "b", "c"] } }
          let wasDeleted = try await nodes[0].membership.declareDead(ghost)
          #expect(wasDeleted)
          try await eventually("it is gone") { nodes.allSatisfy { $0.ids == ["a", "b"] } }
          let wasDeletedAgain = try await nodes[1].membership.declareDead(ghost)
          #expect(!wasDeletedAgain)
        }
      }
    }
  }

  @Test func `a later process of the same id is left alone, and so is the node itself`()
    async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        let (a, b) = (nodes[0].membership, nodes[1].membership)
        let earlier = Member(
          id: "b", host: b.member.host, port: b.member.port, incarnation: b.member.incarnation - 1)
        let wasLaterDeleted = try await a.declareDead(earlier)
        #expect(!wasLaterDeleted)
        let wasOwnDeleted = try await a.declareDead(a.member)
        #expect(!wasOwnDeleted)
        #expect(nodes.allSatisfy { $0.ids == ["a", "b"] })
      }
    }
  }

  @Test func `a member that is declared dead and lives comes back`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        let before = try #require(nodes[0].view?.epoch)
        let wasDeleted = try await nodes[0].membership.declareDead(nodes[1].membership.member)
        #expect(wasDeleted)
        try await eventually("it is back, by a later epoch") {
          nodes[0].ids == ["a", "b"] && nodes[0].view?.epoch ?? .fixed > before
        }
      }
    }
  }
}
