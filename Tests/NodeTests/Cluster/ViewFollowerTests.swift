import CacheStore
import Cluster
import HashRing
import Testing

@testable import Node

@Suite struct ViewFollowerTests {
  private static func member(
    _ id: String, incarnation: UInt64 = 7, _ state: Member.State = .active
  ) -> Member {
    Member(id: id, host: "127.0.0.1", port: 7600, state: state, incarnation: incarnation)
  }

  private func view(
    _ members: [Member], revision: UInt64 = 1, _ standing: ClusterView.Standing = .leased,
    tenure: UInt64 = 0
  ) -> ClusterView {
    ClusterView(
      epoch: Epoch(incarnation: 1, revision: revision), members: members, standing: standing,
      tenure: tenure)
  }

  /// Of node a, which is on the ring with b.
  private func follower() -> ViewFollower {
    var follower = ViewFollower(ownID: "a")
    _ = follower.follow(self.view([Self.member("a"), Self.member("b")]), incarnation: 7)
    return follower
  }

  @Test func `a node keeps its first table until it is on the ring with a lease`() {
    var follower = ViewFollower(ownID: "a")
    let others = follower.follow(self.view([Self.member("b")]), incarnation: 7)
    #expect(others.table == nil && !others.hasJoined)
    let leftover = follower.follow(
      self.view([Self.member("a", incarnation: 6), Self.member("b")]), incarnation: 7)
    #expect(leftover.table == nil && !leftover.hasJoined)
    let joining = follower.follow(self.view([Self.member("a", .joining)]), incarnation: 7)
    #expect(joining.table == nil && !joining.hasJoined)
    let unleased = follower.follow(self.view([Self.member("a")], .isolated), incarnation: 7)
    #expect(unleased.table == nil && !unleased.hasJoined)
    let joined = follower.follow(
      self.view([Self.member("a"), Self.member("b")], revision: 9), incarnation: 7)
    #expect(joined.hasJoined && !joined.hasLost)
    #expect(joined.table?.epoch == Epoch(incarnation: 1, revision: 9))
    #expect(joined.table?.members.map(\.id) == ["a", "b"] && joined.table?.own == 0)
    #expect(joined.table?.duty == .serving)
    #expect(!follower.follow(self.view([Self.member("a")]), incarnation: 7).hasJoined)
  }

  @Test func `what a node may do follows its standing, on the ring that it has`() {
    var follower = self.follower()
    let both = [Self.member("a"), Self.member("b")]
    let serving = follower.follow(self.view(both, .majority), incarnation: 7).table
    let isolated = follower.follow(self.view(both, .isolated), incarnation: 7).table
    #expect(serving?.duty == .serving && isolated?.duty == .isolated)
    // The ring itself is not made anew.
    #expect(serving?.ring === isolated?.ring && isolated?.own == 0)
  }

  @Test func `nodes that have gone, or started again, have given out versions to be passed`() {
    var follower = self.follower()
    let again = [Self.member("a"), Self.member("b", incarnation: 8)]
    #expect(follower.follow(self.view(again), incarnation: 7).hasLost)
    #expect(!follower.follow(self.view(again, revision: 2), incarnation: 7).hasLost)
    let third = again + [Self.member("c")]
    #expect(!follower.follow(self.view(third, revision: 3), incarnation: 7).hasLost)
    #expect(follower.follow(self.view([Self.member("a")], revision: 4), incarnation: 7).hasLost)
  }

  @Test func `a node that leaves goes by the ring without it, and the last one by none`() {
    var follower = self.follower()
    let left = follower.follow(
      self.view([Self.member("a", .leaving), Self.member("b")]), incarnation: 7)
    #expect(left.table?.members.map(\.id) == ["b"] && left.table?.own == nil)
    #expect(left.table?.duty == .serving && !left.hasLost)
    let last = follower.follow(self.view([Self.member("a", .leaving)]), incarnation: 7)
    #expect(last.table?.duty == RoutingTable.Duty.none)
  }

  @Test func `what a node has when it joins is of an earlier process, and forgotten`() {
    var follower = ViewFollower(ownID: "a")
    #expect(follower.follow(self.view([Self.member("a")]), incarnation: 7).forgets == .allBefore)
  }

  @Test func `what a node loses to others is theirs to fetch, and not forgotten`() {
    var follower = self.follower()
    let third = follower.follow(
      self.view([Self.member("a"), Self.member("b"), Self.member("c")], revision: 2),
      incarnation: 7)
    #expect(third.table != nil && third.forgets == .nothing)
    let left = follower.follow(self.view([Self.member("b")], revision: 3), incarnation: 7)
    #expect(left.table?.own == nil && left.forgets == .nothing)
  }

  @Test
  func `a node whose keys may have had another owner forgets all before it serves them again`() {
    var follower = self.follower()
    let both = [Self.member("a"), Self.member("b")]
    _ = follower.follow(self.view(both, .isolated), incarnation: 7)
    let back = follower.follow(self.view(both, revision: 4, tenure: 1), incarnation: 7)
    #expect(back.forgets == .allBefore && back.table?.duty == .serving)
    let isolated = follower.follow(
      self.view(both, revision: 4, .isolated, tenure: 1), incarnation: 7)
    #expect(isolated.forgets == .nothing)
  }
}
