import Etcd
import EtcdTestSupport
import Foundation
import Synchronization
import Testing

@testable import Cluster

/// Against a real etcd that something happens to.
@Suite struct EtcdTroubleTests {
  private let ids = ["a", "b", "c"]

  @Test func `a restart of etcd changes nothing`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(ids, etcd) { nodes in
        try await eventually("all have one epoch") { Set(nodes.map { $0.view?.epoch }).count == 1 }
        try await etcd.stop()
        try await etcd.start()
        let fourth = try MembershipNode("d", etcd: [Int(etcd.clientPort)])
        try await eventually("a fourth joins") { nodes.allSatisfy { $0.ids == self.ids + ["d"] } }
        await fourth.stop()
        #expect(nodes.allSatisfy { $0.lost.isEmpty && $0.view?.epoch.incarnation == 1 })
      }
    }
  }

  /// Whoever finds it out first: the watch, or an audit beside it.
  @Test(arguments: [Duration.seconds(60), .milliseconds(20)])
  func `an etcd that comes back empty is filled again, and nobody leaves the ring`(
    _ auditInterval: Duration
  ) async throws {
    try await withEtcd { etcd in
      try await withMemberships(ids, etcd) {
        $0.auditInterval = auditInterval
      } _: { nodes in
        try await etcd.stop()
        try etcd.wipe()
        try await etcd.start()
        try await eventually("there is a new history") {
          nodes.allSatisfy {
            $0.ids == self.ids && $0.view?.epoch.incarnation == 2 && $0.view?.standing == .leased
          }
        }
        #expect(nodes.allSatisfy { $0.lost.isEmpty })
        try await withClient(etcd) { client in
          let keys = try await client.list(prefix: "/larder/default/nodes/")
          #expect(keys.keyValues.count == 3)
        }
      }
    }
  }

  @Test func `an etcd that is restored from a backup is a new history`() async throws {
    try await withEtcd { etcd in
      try await withMemberships(ids, etcd) { nodes in
        let (data, backup) = (
          etcd.folder.appendingPathComponent("data"), etcd.folder.appendingPathComponent("backup")
        )
        try await etcd.stop()
        try FileManager.default.copyItem(at: data, to: backup)
        try await etcd.start()
        // What the backup does not have: more than is written before all nodes are back, lest one finds
        // revisions that are above those that it knows (an audit would find that out).
        try await withClient(etcd) { client in
          for number in 0..<100 { try await client.put("/other", "\(number)") }
        }
        let fourth = try MembershipNode("d", etcd: [Int(etcd.clientPort)])
        try await eventually("a fourth joins") { nodes.allSatisfy { $0.ids == self.ids + ["d"] } }
        try await etcd.stop()
        try etcd.wipe()
        try FileManager.default.moveItem(at: backup, to: data)
        try await etcd.start()
        try await eventually("there is a new history, with all four") {
          nodes.allSatisfy {
            $0.ids == self.ids + ["d"] && $0.view?.epoch.incarnation == 2
              && $0.view?.standing == .leased
          }
        }
        await fourth.stop()
      }
    }
  }

  @Test func `a node whose watch was cut sees what it missed, though etcd has forgotten it`()
    async throws
  {
    try await withEtcd { etcd in
      try await withMemberships(["a", "b"], etcd) { nodes in
        let proxy = try await PartitionProxy(to: etcd.clientPort)
        let cutOff = try MembershipNode("c", etcd: [proxy.port]) { $0.leaseTTL = .seconds(60) }
        try await eventually("all know all") {
          cutOff.ids == self.ids && nodes.allSatisfy { $0.ids == self.ids }
        }
        let tenure = cutOff.view?.tenure
        proxy.cut()
        let fourth = try MembershipNode("d", etcd: [Int(etcd.clientPort)])
        try await eventually("the others see a fourth") { nodes[0].ids == self.ids + ["d"] }
        await nodes[1].stop()
        try await eventually("one is gone") { nodes[0].ids == ["a", "c", "d"] }
        try await withClient(etcd) { client in
          let now = try await client.list(prefix: "/larder/").revision
          try await client.compact(now)
        }
        #expect(cutOff.ids == self.ids)
        proxy.heal()
        try await eventually("it sees both") { cutOff.ids == ["a", "c", "d"] }
        // And that there may have been others.
        #expect(cutOff.view?.tenure != tenure)
        await fourth.stop()
        await cutOff.stop()
      }
    }
  }

  @Test func `an etcd that loses one member of three, which all nodes call, goes on`() async throws
  {
    let members = try EtcdProcess.cluster(of: 3)
    for member in members { try member.launch() }
    for member in members { try await member.start(isLaunched: true) }
    let ports = members.map { Int($0.clientPort) }
    let nodes = try ids.map { try MembershipNode($0, etcd: ports) { $0.leaseTTL = .seconds(20) } }
    try await eventually("all know all") { nodes.allSatisfy { $0.ids == self.ids } }
    for member in members {
      member.kill()
      // One that is there afterwards has registered with the other two.
      let next = try MembershipNode("d", etcd: ports)
      try await eventually("a fourth joins") { nodes.allSatisfy { $0.ids == self.ids + ["d"] } }
      await next.stop()
      try await eventually("and leaves") { nodes.allSatisfy { $0.ids == self.ids } }
      try await member.start()
    }
    #expect(nodes.allSatisfy { $0.lost.isEmpty && $0.view?.standing == .leased })
    for node in nodes { await node.stop() }
  }

  // MARK: - Without a lease

  @Test func `without etcd all serve on, and a node that nobody reaches is isolated`() async throws
  {
    try await withEtcd { etcd in
      let survey = TestSurvey()
      try await withMemberships(ids, etcd, survey: survey) {
        $0.leaseTTL = .seconds(6)
      } _: { nodes in
        survey.cutOff(["c"])
        etcd.pause()
        try await eventually("two of three serve on") {
          nodes[0].view?.standing == .majority && nodes[1].view?.standing == .majority
        }
        #expect(nodes.allSatisfy { $0.ids == self.ids })
        survey.cutOff(["a", "b", "c"])
        try await eventually("alone nobody does") {
          nodes.allSatisfy { $0.view?.standing == .isolated }
        }
        etcd.resume()
        try await eventually("all have leases again") {
          nodes.allSatisfy { $0.view?.standing == .leased && $0.ids == self.ids }
        }
      }
    }
  }

  @Test func `a node that alone is cut off from etcd is isolated, and gone for the others`()
    async throws
  {
    try await withEtcd { etcd in
      let survey = TestSurvey()
      try await withMemberships(["a", "b"], etcd, survey: survey) { nodes in
        let proxy = try await PartitionProxy(to: etcd.clientPort)
        let cutOff = try MembershipNode("c", etcd: [proxy.port], survey: survey) {
          $0.leaseTTL = .seconds(5)
        }
        try await eventually("all know all") {
          cutOff.ids == self.ids && nodes.allSatisfy { $0.ids == self.ids }
        }
        proxy.cut()
        try await eventually("it is gone") { nodes.allSatisfy { $0.ids == ["a", "b"] } }
        // Its own time is over before etcd's is, whenever it comes to say so.
        #expect(!cutOff.mayServe(at: .now) && cutOff.ids == self.ids)
        try await eventually("it says so") { cutOff.view?.standing == .isolated }
        proxy.heal()
        try await eventually("it is back") {
          nodes.allSatisfy { $0.ids == self.ids } && cutOff.view?.standing == .leased
        }
        await cutOff.stop()
      }
    }
  }
}

extension MembershipNode {
  fileprivate func mayServe(at instant: ContinuousClock.Instant) -> Bool {
    switch self.membership.servingEnd {
    case .never: true
    case .at(let end): instant < end
    case .passed: false
    }
  }

  /// Views that a node was missing from which an earlier one had.
  fileprivate var lost: [ClusterView] {
    let views = self.views.withLock { $0 }
    guard let full = views.firstIndex(where: { $0.members.count >= 3 }) else { return views }
    return views[full...].filter { $0.members.count < 3 }
  }
}
