import GRPC
import NIOCore
import Testing

@testable import Etcd

/// Watches of members with faults.
@Suite struct WatchFaultTests {
  /// Creates every watch at `revision`, and sends `responses` to the first.
  private static func serve(
    _ stream: FakeStream<WatchRequest, WatchResponse>, at revision: Int64,
    answersProgress: Bool = true, _ responses: [WatchResponse] = []
  ) async throws {
    for try await request in stream.requests {
      switch request {
      case .create(let create):
        try await stream.send(.created(create.id.rawValue, revision: revision))
        for var response in responses {
          response.id = create.id
          try await stream.send(response)
        }
      case .progress where answersProgress:
        try await stream.send(.progress(revision: revision))
      case .progress, .cancel, .none: break
      }
    }
  }

  @Test func `fragments are put together, and a compaction ends what follows`() async throws {
    var script = FakeEtcd.Script()
    script.watch = { stream, _ in
      try await Self.serve(
        stream, at: 10,
        [
          .events(0, 11, 12, isFragment: true), .events(0, 12, isFragment: true), .events(0, 12),
          .compacted(0, at: 40),
        ])
    }
    try await withFakes(script) { etcd, _ in
      var batches: [WatchBatch] = []
      let end = await #expect(throws: WatchEnd.self) {
        for try await batch in etcd.watch(prefix: "a", fromRevision: 11) { batches.append(batch) }
      }
      #expect(batches == [.of(11), .of(12, 12, 12)])
      #expect(end == .compacted(at: 40))
    }
  }

  @Test func `a stream that breaks off is begun anew where it was`() async throws {
    let starts = Collected<Int64>()
    var script = FakeEtcd.Script()
    script.watch = { stream, count in
      for try await case .create(let create) in stream.requests {
        starts.append(create.startRevision.rawValue)
        try await stream.send(.created(create.id.rawValue, revision: 20))
        guard count < 2 else { continue }
        let next = create.startRevision.rawValue
        try await stream.send(
          .events(create.id.rawValue, next, next + 4, isFragment: count == 1))
        throw Status(.unavailable, "etcdserver: leader changed")
      }
    }
    try await withFakes(script) { etcd, _ in
      let reader = Task {
        var batches: [WatchBatch] = []
        for try await batch in etcd.watch(prefix: "a", fromRevision: 11) { batches.append(batch) }
        return batches
      }
      try await eventually("three streams") { starts.values.count == 3 }
      // The second broke off within a revision, which comes again as a whole.
      #expect(starts.values == [11, 16, 17])
      reader.cancel()
      let batches = try await reader.value
      #expect(batches == [.of(11, 15), .of(16)])
    }
  }

  @Test func `a revision that has gone back is another history`() async throws {
    var script = FakeEtcd.Script()
    script.range = { _, _ in
      var response = RangeResponse()
      response.header.revision = 3
      return response
    }
    script.watch = { stream, _ in try await Self.serve(stream, at: 3) }
    try await withFakes(script) { etcd, _ in
      let end = await #expect(throws: WatchEnd.self) {
        for try await _ in etcd.watch(prefix: "a", fromRevision: 11) {}
      }
      #expect(end == .newHistory(seen: 10, found: 3))
    }
  }

  @Test func `a member that only lags behind its leader is waited for`() async throws {
    var script = FakeEtcd.Script()
    script.range = { request, _ in
      #expect(!request.isSerializable && request.keys == .key("a"))
      var response = RangeResponse()
      response.header.revision = 12
      return response
    }
    script.watch = { stream, _ in try await Self.serve(stream, at: 3, [.events(0, 11)]) }
    try await withFakes(script) { etcd, fakes in
      let watch = etcd.watch(prefix: "a", fromRevision: 11)
      for try await batch in watch {
        #expect(batch == .of(11))
        break
      }
      try await eventually("the leader was asked") { fakes[0].count(.range) == 1 }
      #expect(fakes[0].count(.watch) == 1)
    }
  }

  @Test func `a stream that hangs is moved to another endpoint`() async throws {
    var script = FakeEtcd.Script()
    script.range = { _, _ in
      var response = RangeResponse()
      response.header.revision = 15
      return response
    }
    let served = Collected<Int>()
    var scripts: [FakeEtcd.Script] = []
    for index in 0..<2 {
      script.watch = { stream, _ in
        // Whichever is called first hangs.
        served.append(index)
        let isFirst = served.values.count == 1
        try await Self.serve(
          stream, at: 10, answersProgress: !isFirst, isFirst ? [] : [.events(0, 11)])
      }
      scripts.append(script)
    }
    try await withFakes(scripts[0], scripts[1]) {
      $0.progressInterval = .milliseconds(50)
      $0.progressTimeout = .milliseconds(50)
    } _: { etcd, _ in
      for try await batch in etcd.watch(prefix: "a", fromRevision: 11) {
        #expect(batch == .of(11))
        break
      }
      #expect(Set(served.values.prefix(2)) == [0, 1])
    }
  }

  @Test func `silence about a watch that starts in the future is no fault`() async throws {
    var script = FakeEtcd.Script()
    script.range = { _, _ in
      var response = RangeResponse()
      response.header.revision = 10
      return response
    }
    script.watch = { stream, _ in
      try await Self.serve(stream, at: 10, answersProgress: false)
    }
    try await withFakes(script) {
      $0.progressInterval = .milliseconds(100)
      // The answer that clears the member must come within it, on a busy machine too.
      $0.progressTimeout = .seconds(4)
    } _: { etcd, fakes in
      let watch = etcd.watch(prefix: "a", fromRevision: 11)
      try await eventually("the member was asked twice") { fakes[0].count(.range) >= 2 }
      #expect(fakes[0].count(.watch) == 1)
      _ = watch
    }
  }

  @Test func `a member without a leader is left for one that has one`() async throws {
    let served = Collected<Int>()
    var scripts: [FakeEtcd.Script] = []
    for index in 0..<2 {
      var script = FakeEtcd.Script()
      script.watch = { stream, _ in
        served.append(index)
        if served.values.count == 1 { throw Status(.unavailable, "etcdserver: no leader") }
        try await Self.serve(stream, at: 10, [.events(0, 11)])
      }
      scripts.append(script)
    }
    try await withFakes(scripts[0], scripts[1]) { etcd, fakes in
      for try await _ in etcd.watch(prefix: "a", fromRevision: 11) { break }
      #expect(Set(served.values) == [0, 1])
      let metadata = fakes.flatMap { $0.metadata(.watch) }
      #expect(metadata.allSatisfy { $0.text("hasleader") == "true" })
    }
  }

  @Test func `a member that ends every stream at once is not asked without end`() async throws {
    var script = FakeEtcd.Script()
    script.watch = { _, _ in throw Status(.unavailable, "etcdserver: server stopped") }
    try await withFakes(script) { etcd, fakes in
      let began = ContinuousClock.now
      let watch = etcd.watch(prefix: "a")
      try await eventually("four streams") { fakes[0].count(.watch) >= 4 }
      // At least 75, 150 and 300 ms between them.
      #expect(ContinuousClock.now - began >= .milliseconds(525))
      _ = watch
    }
  }

  @Test func `an answer that is no protobuf ends the stream, not the watch`() async throws {
    var script = FakeEtcd.Script()
    script.watch = { stream, count in
      if count == 0 { try await stream.call.send(.init(bytes: [0x0b])) }
      try await Self.serve(stream, at: 10, [.events(0, 11)])
    }
    try await withFakes(script) { etcd, fakes in
      for try await batch in etcd.watch(prefix: "a", fromRevision: 11) {
        #expect(batch == .of(11))
        break
      }
      #expect(fakes[0].count(.watch) == 2)
    }
  }

  @Test func `a watch refused for its token is created with another`() async throws {
    var script = FakeEtcd.Script()
    script.watch = { stream, count in
      guard count == 0 else { return try await Self.serve(stream, at: 10, [.events(0, 11)]) }
      for try await case .create in stream.requests {
        try await stream.send(.refused("etcdserver: permission denied"))
      }
    }
    try await withFakes(script) {
      $0.credentials = EtcdCredentials(user: "u", password: "p")
    } _: { etcd, fakes in
      for try await batch in etcd.watch(prefix: "a", fromRevision: 11) {
        #expect(batch == .of(11))
        break
      }
      let tokens = fakes[0].metadata(.watch).map { $0.text("token") }
      #expect(tokens == ["token-0", "token-1"])
    }
  }
}
