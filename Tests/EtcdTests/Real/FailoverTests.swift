import EtcdTestSupport
import Testing

@testable import Etcd

/// Against three members of a real etcd.
@Suite struct FailoverTests {
  @Test func `calls, watches and leases go on when members are killed, stopped and back`()
    async throws
  {
    let members = try EtcdProcess.cluster(of: 3)
    for member in members { try member.launch() }
    for member in members { try await member.start(isLaunched: true) }
    try await withClient(members.map(\.endpoint)) {
      // A member that hangs must be left.
      $0.attemptTimeout = .seconds(1)
      $0.progressInterval = .milliseconds(500)
      $0.progressTimeout = .milliseconds(500)
    } _: { etcd in
      let start = try await etcd.list(prefix: "/w/").revision.next
      let seen = Collected<String>()
      let reader = Task {
        for try await batch in etcd.watch(prefix: "/w/", fromRevision: start) {
          for event in batch.events { seen.append(event.text) }
        }
      }
      let keeper = LeaseKeeper(etcd, ttl: .seconds(15)) { lease in
        try await etcd.put("/node", "here", lease: lease)
      }
      let keeping = Task { try await keeper.run() }
      try await eventually("it is registered") { keeper.state != .lost(nil) }
      let lease = try #require(try await etcd.get("/node")).lease

      // The member that is called is cut off, in one way after the other.
      for (round, fault) in [Fault.killed, .hanging].enumerated() {
        let current = etcd.endpoints.snapshot().current
        let victim = members[current]
        try await fault.befall(victim)
        try await put(etcd, "/w/k", "\(round)")
        try await eventually("round \(round) is seen") { seen.values.last == "k=\(round)" }
        let until = keeper.state.until
        try await eventually("the lease is extended") { keeper.state.until > until }
        try await fault.heal(victim)
      }
      let registered = try await etcd.get("/node")
      #expect(registered?.lease == lease && registered?.version == 1)
      // Nothing twice, except what was written twice.
      #expect(seen.values.first == "k=0")
      reader.cancel()
      keeping.cancel()
      try await keeping.value
    }
  }

  /// A Put whose answer is lost may have been done: a test may do it again.
  private func put(_ etcd: EtcdClient, _ key: String, _ value: String) async throws {
    try await eventually("\(key) is written") {
      let error = await failure { () async throws(EtcdError) in try await etcd.put(key, value) }
      return error == nil
    }
  }

  private enum Fault {
    case killed
    case hanging

    func befall(_ member: EtcdProcess) async throws {
      switch self {
      case .killed: member.kill()
      case .hanging: member.pause()
      }
    }

    func heal(_ member: EtcdProcess) async throws {
      switch self {
      case .killed: try await member.start()
      case .hanging: member.resume()
      }
    }
  }

  @Test func `a member without a majority is left, and none answers in its stead`() async throws {
    let members = try EtcdProcess.cluster(of: 3)
    for member in members { try member.launch() }
    for member in members { try await member.start(isLaunched: true) }
    try await withClient(members.map(\.endpoint)) {
      $0.attemptTimeout = .milliseconds(500)
      $0.callTimeout = .seconds(2)
    } _: { etcd in
      try await put(etcd, "k", "1")
      members[0].kill()
      members[1].kill()
      let began = ContinuousClock.now
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(
        error?.reason == .unavailable || error?.reason == .timedOut, "\(String(describing: error))")
      #expect(ContinuousClock.now - began < .seconds(60))
      try await members[0].start()
      try await eventually("two of three answer") {
        let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
        return error == nil
      }
    }
  }
}

extension LeaseKeeper.State {
  /// Of a lease that is lost: now.
  fileprivate var until: ContinuousClock.Instant {
    if case .held(_, let until) = self { until } else { .now }
  }
}
