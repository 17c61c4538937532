import EtcdTestSupport
import GRPC
import NIOPosix
import Testing

@testable import Etcd

/// Against a real etcd.
@Suite struct LeaseTests {
  @Test func `a key ends with its lease, and a watch shows it`() async throws {
    try await withSharedEtcd { etcd, prefix in
      // Long enough for a key to be tied to it, however busy the machine is.
      let lease = try await etcd.grantLease(ttl: .seconds(5))
      #expect(lease.ttlSeconds >= 5)
      let start = try await etcd.put(prefix + "k", "1", lease: lease.id).header.revision.next
      for try await batch in etcd.watch(prefix: prefix, fromRevision: start) {
        #expect(batch.events.map(\.text) == ["k-"])
        break
      }
      let left = try await etcd.timeToLive(of: lease.id)
      #expect(left == nil)
    }
  }

  @Test func `what is left of a lease is shown, with its keys, until it is revoked`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let lease = try await etcd.grantLease(ttl: .seconds(100)).id
      try await etcd.put(prefix + "k", "1", lease: lease)
      let left = try #require(try await etcd.timeToLive(of: lease, wantsKeys: true))
      #expect(left.grantedSeconds == 100 && (50...100).contains(left.ttlSeconds))
      #expect(left.keys == [Array("\(prefix)k".utf8)])
      let before = ContinuousClock.now
      let until = try await etcd.keepAlive(lease)
      #expect(until >= before + .seconds(100) && until <= .now + .seconds(100))
      try await etcd.revoke(lease)
      let key = try await etcd.get(prefix + "k")
      #expect(key == nil)
      // Once more is no error: it is gone, as was wanted.
      try await etcd.revoke(lease)
      let gone = await failure { () async throws(EtcdError) in try await etcd.keepAlive(lease) }
      #expect(gone?.reason == .leaseNotFound)
    }
  }

  @Test func `a lease that is chosen by its id is granted once`() async throws {
    try await withSharedEtcd { etcd, _ in
      let id = LeaseID(rawValue: Int64.random(in: 1...Int64.max))
      _ = try await etcd.grantLease(ttl: .seconds(60), id: id)
      let again = await failure { () async throws(EtcdError) in
        try await etcd.grantLease(ttl: .seconds(60), id: id)
      }
      #expect(again?.reason == .refused)
      #expect(again?.message.contains("lease already exists") == true)
      try await etcd.revoke(id)
    }
  }

  // MARK: - Keepers

  @Test func `a registration outlives its lease's time, and ends with its keeper`() async throws {
    try await withSharedEtcd { etcd, prefix in
      // A third of it passes before it is renewed, and two thirds are the machine's.
      let keeper = keeper(etcd, prefix + "node", ttl: .seconds(8))
      let task = Task { try await keeper.run() }
      try await eventually("it is registered") { keeper.state.lease != nil }
      let lease = try #require(keeper.state.lease)
      try await Task.sleep(for: .seconds(9))
      #expect(keeper.state.lease == lease)
      let key = try await etcd.get(prefix + "node")
      #expect(key?.lease == lease)
      task.cancel()
      try await task.value
      let gone = try await etcd.get(prefix + "node")
      #expect(gone == nil && keeper.state == .lost(nil))
    }
  }

  @Test func `a client that is stopped together with a keeper revokes its lease first`()
    async throws
  {
    try await withSharedEtcd { etcd, prefix in
      try await withThrowingTaskGroup(of: Void.self) { group in
        let client = try EtcdClient(
          etcd.configuration, group: MultiThreadedEventLoopGroup.singleton, logger: silent)
        let keeper = keeper(client, prefix + "own", ttl: .seconds(60))
        group.addTask { await client.run() }
        group.addTask { try await keeper.run() }
        try await eventually("it is registered") { keeper.state.lease != nil }
        group.cancelAll()
        try await group.waitForAll()
      }
      let gone = try await etcd.get(prefix + "own")
      #expect(gone == nil)
    }
  }

  @Test func `a lease that is revoked behind the keeper's back is granted anew`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let keeper = keeper(etcd, prefix + "node", ttl: .seconds(10))
      let task = Task { try await keeper.run() }
      try await eventually("it is registered") { keeper.state.lease != nil }
      let first = try #require(keeper.state.lease)
      try await etcd.revoke(first)
      try await eventually("it is registered again") {
        keeper.state.lease.map { $0 != first } ?? false
      }
      let key = try await etcd.get(prefix + "node")
      #expect(key?.lease == keeper.state.lease)
      task.cancel()
      try await task.value
    }
  }

  @Test func `a registration survives a restart of etcd`() async throws {
    let process = try EtcdProcess.single()
    try await process.start()
    try await withClient([process.endpoint]) { etcd in
      let keeper = keeper(etcd, "node", ttl: .seconds(5))
      let states = Collected<LeaseKeeper.State>()
      let reader = Task { for await state in keeper.states { states.append(state) } }
      let task = Task { try await keeper.run() }
      try await eventually("it is registered") { keeper.state.lease != nil }
      process.kill()
      // Longer than the lease: what it was worth is over, and the keeper says so.
      try await eventually("it is lost") {
        keeper.state.lease == nil
          && states.values.contains { if case .lost = $0 { true } else { false } }
      }
      try await process.start()
      try await eventually("it is registered again") { keeper.state.lease != nil }
      let key = try await etcd.get("node")
      #expect(key?.lease == keeper.state.lease)
      task.cancel()
      try await task.value
      await reader.value
    }
  }

  @Test func `a registration that is refused for good ends its keeper`() async throws {
    struct Taken: Error {}
    try await withSharedEtcd { etcd, _ in
      let granted = Collected<LeaseID>()
      let keeper = LeaseKeeper(etcd, ttl: .seconds(30)) { lease in
        granted.append(lease)
        throw Taken()
      }
      await #expect(throws: Taken.self) { try await keeper.run() }
      let lease = try #require(granted.values.first)
      // It was given back.
      let left = try await etcd.timeToLive(of: lease)
      #expect(left == nil && granted.values.count == 1)
    }
  }

  private func keeper(_ etcd: EtcdClient, _ key: String, ttl: Duration) -> LeaseKeeper {
    LeaseKeeper(etcd, ttl: ttl) { lease in try await etcd.put(key, "here", lease: lease) }
  }
}

extension LeaseKeeper.State {
  /// The lease that is held; nil: none is.
  fileprivate var lease: LeaseID? {
    guard case .held(let lease, _) = self else { return nil }
    return lease
  }
}
