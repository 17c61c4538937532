import CacheStore
import Etcd
import EtcdTestSupport
import Testing

@testable import Cluster

/// Against a real etcd.
@Suite struct RegistrationTests {
  @Test func `three nodes form one view, and one that stops leaves it`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b", "c"], etcd) { nodes in
        try await eventually("all have one epoch") { Set(nodes.map { $0.view?.epoch }).count == 1 }
        let view = try #require(nodes[0].view)
        #expect(view.epoch.incarnation == 1 && nodes.allSatisfy { $0.view == view })
        #expect(view.members.allSatisfy { $0.state == .active && $0.incarnation > 0 })
        await nodes[1].stop()
        try await eventually("it is gone") {
          nodes[0].ids == ["a", "c"] && nodes[2].ids == ["a", "c"]
        }
        #expect(nodes[0].view?.epoch ?? .fixed > view.epoch)
      }
    }
  }

  @Test func `a record is readable, and ends with its lease`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a"], etcd) { nodes in
        try await withClient(etcd) { client in
          let found = try await client.get("/larder/default/nodes/a")
          let keyValue = try #require(found)
          let text = String(decoding: keyValue.value, as: UTF8.self)
          #expect(text.hasPrefix(#"{"address":"127.0.0.1:"#) && keyValue.lease != .none)
          #expect(try MemberRecord.decode(keyValue.value, id: "a") == nodes[0].membership.member)
        }
      }
    }
  }

  @Test func `a node that starts again at once replaces its leftover, with a higher incarnation`()
    async throws
  {
    try await withEtcd { etcd in
      try await withClient(etcd) { client in
        let port = TestSurvey.port(of: "a")
        let old = Member(id: "a", host: "127.0.0.1", port: port, incarnation: 1 << 60)
        let lease = try await client.grantLease(ttl: .seconds(600)).id
        try await client.put(
          PutRequest(Array("/larder/default/nodes/a".utf8), MemberRecord.encode(old), lease: lease))
        try await withMemberships(["a", "b"], etcd) { nodes in
          try await eventually("it is the new one") {
            nodes[1].view?.members.first?.incarnation == 1 << 60 + 1
          }
          let found = try await client.get("/larder/default/nodes/a")
          #expect(found?.lease != lease)
        }
      }
    }
  }

  @Test func `an id that another address answers for is refused`() async throws {
    try await withEtcd { etcd in
      let survey = TestSurvey()
      try await withMemberships(["a", "b"], etcd, survey: survey) { nodes in
        survey.letAnswer("127.0.0.1:\(TestSurvey.port(of: "a"))")
        let second = try MembershipNode("a", etcd: [Int(etcd.clientPort)], survey: survey, port: 9)
        let error = await second.end() as? MembershipError
        #expect(error == .idTaken(id: "a", address: "127.0.0.1:\(TestSurvey.port(of: "a"))"))
        #expect(nodes[1].view?.members.first?.port == TestSurvey.port(of: "a"))
      }
    }
  }

  @Test func `a node whose address leads to another process stays out, until it leads to it`()
    async throws
  {
    try await withEtcd { etcd in
      let survey = TestSurvey()
      try await withMemberships(["a", "b"], etcd, survey: survey) { nodes in
        let port = TestSurvey.port(of: "c")
        survey.letAnswer("127.0.0.1:\(port)")
        let third = try MembershipNode("c", etcd: [Int(etcd.clientPort)], survey: survey)
        // Longer than it takes to register.
        try await Task.sleep(for: .milliseconds(300))
        #expect(nodes[0].ids == ["a", "b"] && third.membership.snapshot.lease == nil)
        survey.letAnswer("nowhere")
        try await eventually("it has joined") { nodes[0].ids == ["a", "b", "c"] }
        await third.stop()
      }
    }
  }

  @Test func `a process that is replaced by a later one of its id and address stops`() async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["b"], etcd) { nodes in
        let first = try MembershipNode("a", etcd: [Int(etcd.clientPort)])
        try await eventually("the first is there") { nodes[0].ids == ["a", "b"] }
        let second = try MembershipNode("a", etcd: [Int(etcd.clientPort)])
        let error = await first.end() as? MembershipError
        #expect(
          error == .replaced(id: "a", address: "127.0.0.1:\(TestSurvey.port(of: "a"))"))
        try await eventually("the second is there") {
          nodes[0].view?.members.first?.incarnation == second.membership.member.incarnation
        }
        await second.stop()
      }
    }
  }

  @Test func `a lease that is revoked, or a key that is deleted, comes back as it was`()
    async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b", "c"], etcd) { nodes in
        try await withClient(etcd) { client in
          for isRevoked in [true, false] {
            let found = try await client.get("/larder/default/nodes/b")
            let before = try #require(found)
            if isRevoked {
              try await client.revoke(before.lease)
            } else {
              try await client.delete(.key("/larder/default/nodes/b"))
            }
            try await eventually("it is back") {
              let after = try await client.get("/larder/default/nodes/b")
              return after?.value == before.value && after?.modRevision != before.modRevision
            }
            try await eventually("all know all") {
              nodes.allSatisfy { $0.ids == ["a", "b", "c"] && $0.view?.standing == .leased }
            }
          }
        }
      }
    }
  }

  @Test func `a node that says that it leaves is off the ring, and still there`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        nodes[1].membership.change(to: .leaving)
        try await eventually("it leaves") {
          nodes.allSatisfy { $0.view?.members.map(\.isOnRing) == [true, false] }
        }
      }
    }
  }

  @Test func `a node that is told to stop as it comes waits until it sees what others see`()
    async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["a"], etcd) { nodes in
        for turn in 0..<5 {
          let id = "b\(turn)"
          let node = try MembershipNode(id, etcd: [Int(etcd.clientPort)])
          try await eventually("another sees it") { nodes[0].ids.contains(id) }
          await node.membership.arrive(timeout: .seconds(60))
          #expect(node.ids.contains(id) && node.view?.standing == .leased)
          await node.stop()
        }
      }
    }
  }

  @Test func `what an earlier process has left is not taken for this one's arrival`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a"], etcd) { nodes in
        for turn in 0..<5 {
          let id = "b\(turn)"
          let old = Member(
            id: id, host: "127.0.0.1", port: TestSurvey.port(of: id), state: .leaving,
            incarnation: 1)
          let key = Array("/larder/default/nodes/\(id)".utf8)
          try await withClient(etcd) { client in
            try await client.put(PutRequest(key, MemberRecord.encode(old)))
          }
          try await eventually("another sees what is left") { nodes[0].ids.contains(id) }
          let node = try MembershipNode(id, etcd: [Int(etcd.clientPort)])
          try await eventually("another sees it") {
            nodes[0].view?.members.first { $0.id == id }?.incarnation ?? 1 > 1
          }
          await node.membership.arrive(timeout: .seconds(60))
          let seen = node.view?.members.first { $0.id == id }
          #expect(seen?.incarnation == node.membership.member.incarnation)
          await node.stop()
        }
      }
    }
  }

  @Test func `a node that is told to stop before it is on its way waits for nothing`() async throws
  {
    try await withEtcd { etcd in
      etcd.pause()
      let node = try MembershipNode("a", etcd: [Int(etcd.clientPort)])
      await node.membership.arrive(timeout: .seconds(600))
      #expect(node.view == nil)
      etcd.resume()
      await node.stop()
    }
  }

  @Test func `a node that takes another weight has it on all rings, by a newer epoch`()
    async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        let before = try #require(nodes[1].view?.epoch)
        let view = await nodes[1].membership.change(weight: 2.5, timeout: .seconds(60))
        #expect(view?.members.map(\.weight) == [1, 2.5])
        #expect(view.map { $0.epoch > before } == true)
        try await eventually("all know") { nodes.allSatisfy { $0.view?.epoch == view?.epoch } }
        // Etcd is away: the time is over, and the weight comes later.
        etcd.pause()
        #expect(await nodes[1].membership.change(weight: 3, timeout: .milliseconds(50)) == nil)
        etcd.resume()
        try await eventually("it has come") {
          nodes.allSatisfy { $0.view?.members.map(\.weight) == [1, 3] }
        }
      }
    }
  }

  @Test func `nodes that leave together are believed at once`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b", "c"], etcd) {
        // For which they would be held as losses.
        $0.massLossHold = .seconds(3_600)
      } _: { nodes in
        for node in nodes.dropFirst() {
          await node.membership.leave(timeout: .seconds(60))
          await node.stop()
        }
        try await eventually("one is left") { nodes[0].ids == ["a"] }
      }
    }
  }

  @Test func `a node that cannot say that it leaves stops all the same`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        etcd.pause()
        await nodes[0].membership.leave(timeout: .milliseconds(100))
        #expect(nodes[0].ids == ["a", "b"])
        etcd.resume()
      }
    }
  }

  @Test func `two clusters in one etcd, and junk beside them, do each other no harm`() async throws
  {
    try await withEtcd { etcd in
      try await withClient(etcd) { client in
        try await client.put("/larder/default/nodes/junk", "{\"address\":1}")
        try await client.put("/larder/default/nodes/x/y", "{}")
        try await client.put("/larder/default/clock", "soon")
        try await withMemberships(["a", "b"], etcd) { nodes in
          try await withMemberships(["a", "b", "c"], etcd) {
            $0.cluster = "default2"
          } _: { others in
            #expect(nodes[0].ids == ["a", "b"] && others[0].ids == ["a", "b", "c"])
          }
        }
      }
    }
  }

  // MARK: - The clock

  @Test func `versions begin above the cluster's clock, which stays ahead of them`() async throws {
    try await withEtcd { etcd in
      try await withClient(etcd) { client in
        let ahead = WallClock.milliseconds() + 60_000
        try await client.put("/larder/default/clock", "\(ahead)")
        try await withMemberships(["a"], etcd) { nodes in
          #expect(nodes[0].clock.newest.milliseconds >= ahead)
          try await eventually("it is raised") {
            let floor = try await client.get("/larder/default/clock")
            return UInt64(digits: floor?.value ?? []) ?? 0 > ahead
          }
        }
      }
    }
  }

  @Test func `a floor that somebody else has written meanwhile is raised all the same`()
    async throws
  {
    try await withEtcd { etcd in
      try await withClient(etcd) { client in
        try await withMemberships(["a"], etcd) { nodes in
          try await eventually("it is there") {
            let floor = try await client.get("/larder/default/clock")
            return floor != nil
          }
          try await client.put("/larder/default/clock", "5")
          // The next look finds versions above what this node has written itself.
          let ahead = WallClock.milliseconds() + 60_000
          nodes[0].clock.observe(Version(wallMilliseconds: ahead))
          try await eventually("it is raised") {
            let floor = try await client.get("/larder/default/clock")
            return UInt64(digits: floor?.value ?? []) ?? 0 > ahead
          }
        }
      }
    }
  }

  @Test func `a machine whose clock is too far ahead of the others' takes no part`() async throws {
    try await withEtcd { etcd in
      try await withClient(etcd) { client in
        let floor = WallClock.milliseconds() - 7_200_000
        try await client.put("/larder/default/clock", "\(floor)")
        let other = Member(id: "b", host: "127.0.0.1", port: 1, incarnation: 1)
        let key = Array("/larder/default/nodes/b".utf8)
        try await client.put(PutRequest(key, MemberRecord.encode(other)))
        let node = try MembershipNode("a", etcd: [Int(etcd.clientPort)]) {
          $0.leaseTTL = .seconds(2)
        }
        let end = await node.end()
        guard case .clockAhead(let name, let ahead, let most)? = end as? MembershipError else {
          Issue.record("\(String(describing: end))")
          return
        }
        #expect(name == "/larder/default/clock" && ahead >= 7_200_000 && most == 3_600_000)
        let kept = try await client.get("/larder/default/clock")
        #expect(UInt64(digits: kept?.value ?? []) == floor)
        // A cluster that was away for as long has nobody else.
        let patient = try MembershipNode("a", etcd: [Int(etcd.clientPort)])
        try await client.delete(.key("/larder/default/nodes/b"))
        try await eventually("it joins") { patient.ids == ["a"] }
        await patient.stop()
      }
    }
  }

  @Test func `a clock too far ahead is refused, by name`() async throws {
    try await withEtcd { etcd in
      try await withClient(etcd) { client in
        try await client.put("/larder/default/clock", "\(WallClock.milliseconds() + 7_200_000)")
        let node = try MembershipNode("a", etcd: [Int(etcd.clientPort)])
        let end = await node.end()
        let error = try #require(end as? MembershipError)
        guard case .clockBehind(let key, let ahead, let most) = error else {
          Issue.record("\(error)")
          return
        }
        #expect(key == "/larder/default/clock" && ahead > 7_000_000 && most == 3_600_000)
        let registered = try await client.get("/larder/default/nodes/a")
        #expect(registered == nil)
      }
    }
  }
}
