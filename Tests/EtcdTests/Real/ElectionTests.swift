import EtcdTestSupport
import Testing

@testable import Etcd

/// Against a real etcd.
@Suite struct ElectionTests {
  @Test func `of two candidates one leads, and the other when that resigns`() async throws {
    try await withTwoClients { one, two, prefix in
      let (first, second) = (Election(one, name: prefix), Election(two, name: prefix))
      let leases = (
        try await one.grantLease(ttl: .seconds(60)).id,
        try await two.grantLease(ttl: .seconds(60)).id
      )
      let place = try await first.campaign(leases.0, value: "one")
      let waiting = Task { try await second.campaign(leases.1, value: "two") }
      let leader = try await second.leader()
      #expect(leader?.value == Array("one".utf8) && leader?.key == place.key)
      try await first.proclaim(place, leases.0, value: "one!")
      let proclaimed = try await second.leader()
      #expect(proclaimed?.value == Array("one!".utf8))
      try await first.resign(place)
      let next = try await waiting.value
      #expect(next.revision > place.revision)
      let after = try await first.leader()
      #expect(after?.value == Array("two".utf8))
      let late = await failure { () async throws(EtcdError) in
        try await first.proclaim(place, leases.0, value: "still one")
      }
      #expect(late?.reason == .leaseNotFound)
      try await second.resign(next)
      let nobody = try await first.leader()
      #expect(nobody == nil)
    }
  }

  @Test func `a leader whose lease ends is followed by the next`() async throws {
    try await withTwoClients { one, two, prefix in
      // Long enough for a place to be had by it, however busy the machine is.
      let short = try await one.grantLease(ttl: .seconds(5)).id
      let place = try await Election(one, name: prefix).campaign(short, value: "one")
      let lease = try await two.grantLease(ttl: .seconds(60)).id
      let next = try await Election(two, name: prefix).campaign(lease, value: "two")
      #expect(next.revision > place.revision)
      // A write of the old leader's, fenced by its place, is not done.
      let write = RequestOperation.put(PutRequest(Array("\(prefix)x".utf8), [1]))
      let late = try await one.transact(Transaction(if: [place.isHeld], then: [write]))
      let timely = try await two.transact(Transaction(if: [next.isHeld]))
      #expect(!late.hasSucceeded && timely.hasSucceeded)
    }
  }

  @Test func `a candidate that gives up is passed over`() async throws {
    try await withTwoClients { one, two, prefix in
      let leases = (
        try await one.grantLease(ttl: .seconds(60)).id,
        try await two.grantLease(ttl: .seconds(60)).id,
        try await two.grantLease(ttl: .seconds(60)).id
      )
      let leading = try await Election(one, name: prefix).campaign(leases.0, value: "one")
      let givesUp = Task { try await Election(two, name: prefix).campaign(leases.1, value: "two") }
      try await eventually("it waits") { try await one.list(prefix: prefix).keyValues.count == 2 }
      let stays = Task { try await Election(two, name: prefix).campaign(leases.2, value: "three") }
      try await eventually("it waits") { try await one.list(prefix: prefix).keyValues.count == 3 }
      givesUp.cancel()
      let end = await #expect(throws: EtcdError.self) { try await givesUp.value }
      #expect(end?.reason == .cancelled)
      try await eventually("it is gone") { try await one.list(prefix: prefix).keyValues.count == 2 }
      try await Election(one, name: prefix).resign(leading)
      let next = try await stays.value
      let leader = try await Election(one, name: prefix).leader()
      #expect(leader?.key == next.key && leader?.value == Array("three".utf8))
    }
  }

  @Test func `a lock is held by one at a time, whoever wants it`() async throws {
    try await withTwoClients { one, two, prefix in
      let entries = Collected<Int>()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<8 {
          let etcd = index % 2 == 0 ? one : two
          group.addTask {
            let lease = try await etcd.grantLease(ttl: .seconds(60)).id
            let lock = EtcdLock(etcd, name: prefix + "lock")
            let place = try await lock.acquire(lease)
            entries.append(index)
            await Task.yield()
            entries.append(index)
            try await lock.release(place)
          }
        }
        try await group.waitForAll()
      }
      let values = entries.values
      #expect(values.count == 16)
      for pair in stride(from: 0, to: 16, by: 2) { #expect(values[pair] == values[pair + 1]) }
    }
  }

  @Test func `locking twice with one lease is locking once`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let lease = try await etcd.grantLease(ttl: .seconds(60)).id
      let lock = EtcdLock(etcd, name: prefix)
      let first = try await lock.acquire(lease)
      let second = try await lock.acquire(lease)
      #expect(first == second)
      try await lock.release(first)
      try await lock.release(second)
      try await etcd.revoke(lease)
    }
  }

  @Test func `no lock is had with a lease that is gone`() async throws {
    try await withSharedEtcd { etcd, prefix in
      let lock = EtcdLock(etcd, name: prefix)
      let error = await failure { () async throws(EtcdError) in
        try await lock.acquire(LeaseID(rawValue: 4711))
      }
      #expect(error?.reason == .leaseNotFound)
    }
  }

  private func withTwoClients(
    _ body: @escaping @Sendable (EtcdClient, EtcdClient, String) async throws -> Void
  ) async throws {
    try await withSharedEtcd { one, prefix in
      try await withClient(one.configuration.endpoints) { two in
        try await body(one, two, prefix)
      }
    }
  }
}
