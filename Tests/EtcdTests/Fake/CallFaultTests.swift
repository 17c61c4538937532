import GRPC
import Testing

@testable import Etcd

/// Calls and leases at members with faults.
@Suite struct CallFaultTests {
  @Test func `a read whose answer is lost is asked for again, a write is not`() async throws {
    var script = FakeEtcd.Script()
    script.range = { _, count throws(Status) in
      if count == 0 { throw Status(.unavailable, "etcdserver: request timed out") }
      return RangeResponse()
    }
    script.put = { _ throws(Status) in
      throw Status(.unavailable, "etcdserver: request timed out")
    }
    try await withFakes(script) { etcd, fakes in
      let value = try await etcd.get("k")
      #expect(value == nil && fakes[0].count(.range) == 2)
      let error = await failure { () async throws(EtcdError) in try await etcd.put("k", "v") }
      #expect(error?.reason == .unavailable && error?.isOutcomeUnknown == true)
      #expect(error?.description.contains("it may have been done") == true)
      #expect(fakes[0].count(.put) == 1)
    }
  }

  @Test func `a write that a member without a leader refused is made at another`() async throws {
    let refused = Collected<Int>()
    var scripts: [FakeEtcd.Script] = []
    for index in 0..<2 {
      var script = FakeEtcd.Script()
      script.put = { _ throws(Status) in
        refused.append(index)
        if refused.values.count == 1 { throw Status(.unavailable, "etcdserver: no leader") }
        return PutResponse()
      }
      scripts.append(script)
    }
    try await withFakes(scripts[0], scripts[1]) { etcd, fakes in
      try await etcd.put("k", "v")
      #expect(Set(refused.values) == [0, 1])
      #expect(fakes.allSatisfy { $0.metadata(.put).first?.text("hasleader") == "true" })
    }
  }

  @Test func `a token that has expired is replaced once, however many calls find out`()
    async throws
  {
    var script = FakeEtcd.Script()
    script.authenticate = { "token-\($0)" }
    try await withFakes(script) {
      $0.credentials = EtcdCredentials(user: "u", password: "p")
    } _: { etcd, fakes in
      await withTaskGroup(of: EtcdError?.self) { group in
        for _ in 0..<50 {
          group.addTask {
            await failure { () async throws(EtcdError) in try await etcd.get("k") }
          }
        }
        for await error in group { #expect(error == nil) }
      }
      #expect(fakes[0].count(.authenticate) == 1)
      let tokens = fakes[0].metadata(.range).map { $0.text("token") }
      #expect(tokens == Array(repeating: "token-0", count: 50))
    }
  }

  @Test func `a token that etcd refuses is replaced, and if the next is too that is the answer`()
    async throws
  {
    var script = FakeEtcd.Script()
    script.range = { _, count throws(Status) in
      if count != 1 { throw Status(.unauthenticated, "etcdserver: invalid auth token") }
      return RangeResponse()
    }
    try await withFakes(script) {
      $0.credentials = EtcdCredentials(user: "u", password: "p")
    } _: { etcd, fakes in
      let value = try await etcd.get("k")
      #expect(value == nil && fakes[0].count(.authenticate) == 2)
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(error?.reason == .unauthenticated)
      // Asked with the token it had, and with a new one.
      #expect(fakes[0].count(.range) == 4 && fakes[0].count(.authenticate) == 3)
      let tokens = fakes[0].metadata(.range).map { $0.text("token") }
      #expect(tokens == ["token-0", "token-1", "token-1", "token-2"])
    }
  }

  @Test func `a token that no header can carry fails the call, not the process`() async throws {
    var script = FakeEtcd.Script()
    script.authenticate = { _ in "line\nbreak" }
    try await withFakes(script) {
      $0.credentials = EtcdCredentials(user: "u", password: "p")
    } _: { etcd, _ in
      let error = await failure { () async throws(EtcdError) in try await etcd.get("k") }
      #expect(error?.reason == .malformedAnswer)
    }
  }

  @Test func `a list that compaction overtakes is begun anew, and not for ever`() async throws {
    for restarts in [1, 10] {
      var script = FakeEtcd.Script()
      script.range = { request, count throws(Status) in
        if request.revision != .current, count < 2 * restarts {
          throw Status(.outOfRange, "etcdserver: mvcc: required revision has been compacted")
        }
        var page = RangeResponse()
        page.header.revision = Revision(rawValue: Int64(10 + count))
        page.keyValues = [KeyValue()]
        page.hasMore = request.revision == .current
        return page
      }
      try await withFakes(script) { etcd, fakes in
        if restarts == 1 {
          let listing = try await etcd.list(prefix: "a")
          #expect(listing.revision == 12 && listing.keyValues.count == 2)
        } else {
          let error = await failure { () async throws(EtcdError) in
            try await etcd.list(prefix: "a")
          }
          #expect(error?.reason == .compacted && fakes[0].count(.range) == 8)
        }
      }
    }
  }

  @Test func `endpoints that nobody serves fail a call by their names, and in time`() async throws {
    let nobody = [1, 2].map { EtcdEndpoint(host: "127.0.0.1", port: $0) }
    try await withClient(nobody) {
      $0.callTimeout = .milliseconds(500)
    } _: { etcd in
      let began = ContinuousClock.now
      let error = await failure { () async throws(EtcdError) in try await etcd.put("k", "v") }
      #expect(error?.reason == .unavailable && error?.isOutcomeUnknown == false)
      #expect(error?.message.contains("http://127.0.0.1:") == true)
      #expect(ContinuousClock.now - began < .seconds(60))
    }
  }

  @Test func `a task that is cancelled calls no more`() async throws {
    let nobody = EtcdEndpoint(host: "127.0.0.1", port: 1)
    try await withClient([nobody]) {
      $0.callTimeout = .seconds(60)
    } _: { etcd in
      let task = Task {
        await failure { () async throws(EtcdError) in try await etcd.get("k") }
      }
      task.cancel()
      #expect(await task.value?.reason == .cancelled)
    }
  }

  // MARK: - Leases

  private static func grants(_ seconds: Int64) -> @Sendable (Int) -> LeaseGrantResponse {
    { count in
      var response = LeaseGrantResponse()
      (response.id, response.ttlSeconds) = (LeaseID(rawValue: Int64(count) + 1), seconds)
      return response
    }
  }

  private static func answer(
    _ stream: FakeStream<LeaseRequest, LeaseKeepAliveResponse>, _ seconds: Int64
  ) async throws {
    for try await request in stream.requests {
      var response = LeaseKeepAliveResponse()
      (response.id, response.ttlSeconds) = (request.id, seconds)
      try await stream.send(response)
    }
  }

  @Test func `renewals that are not answered are sent elsewhere before the lease is lost`()
    async throws
  {
    var script = FakeEtcd.Script()
    script.grant = Self.grants(9)
    script.keepAlive = { stream, count in
      // The first stream takes everything and says nothing.
      if count == 0 { for try await _ in stream.requests {} }
      try await Self.answer(stream, 100)
    }
    try await withFakes(script) { etcd, fakes in
      let keeper = LeaseKeeper(etcd, ttl: .seconds(9)) { _ in }
      let task = Task { try await keeper.run() }
      try await eventually("a renewal was answered") {
        if case .held(_, let until) = keeper.state { until > .now + .seconds(60) } else { false }
      }
      #expect(fakes[0].count(.leaseKeepAlive) == 2 && fakes[0].count(.leaseGrant) == 1)
      task.cancel()
      try await task.value
      #expect(fakes[0].count(.leaseRevoke) == 1)
    }
  }

  @Test func `leases that etcd forgets at once are not granted without end`() async throws {
    var script = FakeEtcd.Script()
    script.grant = Self.grants(30)
    let registered = Collected<LeaseID>()
    try await withFakes(script) { etcd, fakes in
      let keeper = LeaseKeeper(etcd, ttl: .seconds(30)) { lease in
        registered.append(lease)
        throw EtcdError(.leaseNotFound, "etcd knows no lease \(lease)")
      }
      let began = ContinuousClock.now
      let task = Task { try await keeper.run() }
      try await eventually("four grants") { fakes[0].count(.leaseGrant) >= 4 }
      // At least 75, 150 and 300 ms between them.
      #expect(ContinuousClock.now - began >= .milliseconds(525))
      #expect(registered.values.starts(with: (1...3).map { LeaseID(rawValue: $0) }))
      task.cancel()
      try await task.value
    }
  }

  @Test func `a registration that fails for a while is repeated, and shown as lost`() async throws {
    var script = FakeEtcd.Script()
    script.grant = Self.grants(30)
    script.keepAlive = { stream, _ in try await Self.answer(stream, 30) }
    script.put = { count throws(Status) in
      if count < 2 { throw Status(.unavailable, "etcdserver: request timed out") }
      return PutResponse()
    }
    try await withFakes(script) { etcd, fakes in
      let keeper = LeaseKeeper(etcd, ttl: .seconds(30)) { lease in
        try await etcd.put("k", "v", lease: lease)
      }
      let states = Collected<LeaseKeeper.State>()
      let reader = Task { for await state in keeper.states { states.append(state) } }
      let task = Task { try await keeper.run() }
      try await eventually("it is registered") {
        if case .held = keeper.state { true } else { false }
      }
      #expect(fakes[0].count(.put) == 3 && fakes[0].count(.leaseGrant) == 1)
      task.cancel()
      try await task.value
      await reader.value
      #expect(
        states.values.contains {
          if case .lost(let error) = $0 { error?.reason == .unavailable } else { false }
        })
    }
  }
}
