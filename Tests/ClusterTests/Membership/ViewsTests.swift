import CacheStore
import Etcd
import NIOPosix
import Synchronization
import Testing

@testable import Cluster

/// A membership that nobody runs, which is told what a watch shows.
@Suite struct ViewsTests {
  private let start = ContinuousClock.now

  private func membership() throws -> Membership {
    let etcd = try EtcdClient(
      EtcdConfiguration(endpoints: [EtcdEndpoint(host: "127.0.0.1", port: 1)]),
      group: MultiThreadedEventLoopGroup.singleton, logger: silent)
    var configuration = MembershipConfiguration(node("me"))
    configuration.cluster = "test"
    let membership = try Membership(
      configuration, etcd: etcd, clock: VersionClock(), survey: TestSurvey(), logger: silent)
    let first = listing([incarnation(1, at: 1), stored(node("me"), made: 2)], at: 2)
    membership.state.withLock { membership.pass($0.machine.listed(first, self.start), &$0) }
    return membership
  }

  private func show(_ membership: Membership, _ event: WatchEvent) {
    membership.state.withLock {
      membership.pass($0.machine.changed([event], self.start), &$0)
    }
  }

  @Test func `a reader that is slow sees a ring that came and went`() async throws {
    let membership = try self.membership()
    var views = membership.views().makeAsyncIterator()
    self.show(membership, put(stored(node("b"), made: 3)))
    self.show(membership, deletion(keys.node("b"), at: 4))
    var seen: [[String]] = []
    for _ in 0..<3 { seen.append(await views.next()?.members.map(\.id) ?? []) }
    #expect(seen == [["me"], ["b", "me"], ["me"]])
  }

  @Test func `a reader that has left is forgotten at the next view`() async throws {
    let membership = try self.membership()
    let stays = membership.views()
    let leaves = Task { for await _ in membership.views() {} }
    try await until { membership.state.withLock { $0.readers.count } == 2 }
    leaves.cancel()
    await leaves.value
    self.show(membership, put(stored(node("b"), made: 3)))
    #expect(membership.state.withLock { $0.readers.count } == 1)
    _ = stays
  }

  /// Neither waits for the other for ever.
  @Test func `readers are cancelled while views are passed to them`() async throws {
    let membership = try self.membership()
    var revision: Int64 = 3
    for _ in 0..<2_000 {
      let reader = Task { for await _ in membership.views() {} }
      await Task.yield()
      let canceller = Task { reader.cancel() }
      self.show(membership, put(stored(node("b"), made: 3, written: revision)))
      self.show(membership, deletion(keys.node("b"), at: revision + 1))
      revision += 2
      await canceller.value
      await reader.value
    }
  }
}
