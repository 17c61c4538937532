import GRPC
import LarderAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Cluster

/// Real nodes on loopback sockets that pass calls on to each other.
@Suite struct ForwardingTests {
  @Test func `every node answers with what the owner says`() async throws {
    try await withNodes { a, b in
      #expect(await a.owner(of: keyOfB) == .success("b"))
      #expect(await b.owner(of: keyOfB) == .success("b"))
      let snapshot = await a.forwarding.snapshot()
      #expect(snapshot.counts[.get, .ok] == 1)
      #expect(snapshot.peers.map(\.state) == ["self", "ready"])
      #expect(await b.forwarding.snapshot().counts == ForwardCounts())
    }
  }

  @Test func `channelz shows a channel to each other node, with its socket`() async throws {
    let registry = ChannelRegistry()
    try await withNodes {
      $0.registry = registry
    } _: { a, b in
      #expect(await a.owner(of: keyOfB) == .success("b"))
      #expect(await a.owner(of: keyOfB, .set) == .success("b"))
      var shown: [ChannelSnapshot] = []
      for channel in registry.channels(from: 0, max: 10) { shown.append(await channel.snapshot()) }
      let toB = try #require(shown.first { $0.target == b.member.address })
      #expect(shown.count == 2 && toB.state == .ready)
      #expect(toB.callsStarted == 2 && toB.callsSucceeded == 2 && toB.callsFailed == 0)
      #expect(toB.sockets.first?.remote?.port == b.member.port)
      #expect(shown.first { $0.target == a.member.address }?.state == .idle)
      // What a connection has done that is closed counts all the same.
      try await b.stopServing()
      try await until { await registry.channel(toB.id)?.snapshot().sockets.isEmpty == true }
      #expect(await registry.channel(toB.id)?.snapshot().callsSucceeded == 2)
      try await a.install([a.member], revision: 2)
      #expect(registry.channel(toB.id) == nil)
    }
  }

  // MARK: - Views that differ

  @Test func `an owner that is behind waits for the change, and answers then`() async throws {
    try await withNodes { a, b in
      try await b.install([a.member], revision: 1)
      try await a.install([a.member, b.member], revision: 2)
      async let answer = a.owner(of: keyOfB)
      while await b.forwarding.loops[0].waiting() == 0 {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await b.install([a.member, b.member], revision: 2)
      #expect(await answer == .success("b"))
      #expect(await a.forwarding.snapshot().counts[.get, .ok] == 1)
    }
  }

  @Test func `a node that is behind its owner waits for the change, and goes by it`() async throws {
    try await withNodes { a, b in
      try await b.install([a.member], revision: 2)
      async let answer = a.owner(of: keyOfB)
      while await a.forwarding.loops[0].waiting() == 0 {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await a.install([a.member], revision: 2)
      #expect(await answer == .success("a"))
      #expect(await a.forwarding.snapshot().counts[.get, .wrongOwner] == 1)
    }
  }

  @Test func `a call whose owner changed while it was on its way is served by the new ring`()
    async throws
  {
    try await withNodes {
      $0.epochWait = .seconds(60)
    } _: { a, b in
      try await b.install([a.member], revision: 1)
      try await a.install([a.member, b.member], revision: 2)
      async let answer = a.owner(of: keyOfB)
      while await b.forwarding.loops[0].waiting() == 0 {
        try await Task.sleep(for: .milliseconds(1))
      }
      try await a.install([a.member], revision: 3)
      #expect(await a.forwarding.oldestEpoch().revision == 3)
      // The owner that was asked answers now, by a ring that the node which asks has left behind.
      try await b.install([a.member], revision: 2)
      #expect(await answer == .success("a"))
    }
  }

  @Test func `a change that never comes is waited for as long as epoch-wait says`() async throws {
    try await withNodes {
      $0.epochWait = .milliseconds(50)
    } _: { a, b in
      try await b.install([a.member], revision: 2)
      #expect(await a.owner(of: keyOfB).reason == ForwardRefusal.ringChanging)
      // It may have changed while the call was on its way: this one is made again, once.
      try await a.install([a.member, b.member], revision: 3)
      #expect(await a.owner(of: keyOfB).reason == ForwardRefusal.ringChanging)
      #expect(await a.forwarding.snapshot().counts[.get, .wrongOwner] == 3)
    }
  }

  @Test func `a member that leaves is called no more, and its connection closed`() async throws {
    try await withNodes { a, b in
      #expect(await a.owner(of: keyOfB) == .success("b"))
      try await a.install([a.member], revision: 2)
      #expect(await a.owner(of: keyOfB) == .success("a"))
      #expect(await a.forwarding.snapshot().peers.count == 1)
    }
  }

  @Test func `a forward whose client has left leaves nothing with its link`() async throws {
    try await withNodes {
      $0.connectionsPerLoop = 2
    } _: { a, b in
      b.peers.isMute.store(true, ordering: .relaxed)
      let call = Task { await a.owner(of: keyOfB, .set) }
      let loop = a.forwarding.loops[0]
      try await until { await a.forwarding.snapshot().peers[1].openCalls == 1 }
      // It is the first, or the second in the same slot, as it has waited for the connection.
      let left = await loop.onLoop { loop in
        NIOLoopBound(loop.forwards[0] ?? loop.forwards[1 << 32], eventLoop: loop.eventLoop)
      }
      call.cancel()
      try await until { await loop.onLoop { $0.forwards.count } == 0 }
      // As where it was refused by its owner in the same turn, on the link that has no connection yet.
      let waiting = await loop.onLoop { loop -> Int? in
        guard let forward = left.value, let idle = loop.links[1].first(where: { $0.state == .idle })
        else { return nil }
        let again = Forward(
          requester: forward.requester, method: .set, link: idle, deadline: forward.deadline,
          isClientDeadline: false, isSecondTry: true)
        loop.sendAgain(again) { _ in Issue.record("it has room") }
        return idle.waitingCalls
      }
      #expect(waiting == 0)
      #expect(await call.value.status?.code == .cancelled)
    }
  }

  @Test func `a call that waits for a member which leaves is served by the new ring`() async throws
  {
    try await withNodes { a, b in
      let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .bind(host: "127.0.0.1", port: 0).get()
      // It takes connections, and says nothing.
      let mute = Member(id: "b", host: "127.0.0.1", port: listener.localAddress?.port ?? 0)
      try await a.install([a.member, mute], revision: 2)
      let calls = [CacheMethod.get, .set].map { method in
        Task { await a.owner(of: keyOfB, method) }
      }
      try await until { await a.forwarding.snapshot().peers[1].waitingCalls == 2 }
      try await a.install([a.member], revision: 3)
      for call in calls { #expect(await call.value == .success("a")) }
      try await listener.close()
    }
  }

  @Test(arguments: [CacheMethod.get, .set])
  func `a call that its owner has not done before it left is served by the new ring`(
    _ method: CacheMethod
  ) async throws {
    try await withNodes { a, b in
      b.peers.isMute.store(true, ordering: .relaxed)
      let call = Task { await a.owner(of: keyOfB, method) }
      try await until { await a.forwarding.snapshot().peers[1].openCalls == 1 }
      try await a.install([a.member], revision: 2)
      // As where the owner sends GOAWAY, or refuses the stream.
      await a.forwarding.loops[0].onLoop { loop in
        guard let forward = loop.forwards.remove(0) ?? loop.forwards.remove(1 << 32) else {
          Issue.record("the call is under way")
          return
        }
        loop.failUnsent(forward, Status(.unavailable, "it is leaving"))
      }
      #expect(await call.value == .success("a"))
      #expect(await a.forwarding.snapshot().counts[method, .unreachable] == 0)
    }
  }

  @Test func `loops that join one after the other are shown together all the same`() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let forwarding = Forwarding(
      table: try RoutingTable(epoch: .unknown, members: [], ownID: "a", duty: .none),
      configuration: ForwardingConfiguration(), eventLoops: Array(group.makeIterator()),
      logger: silent)
    let joining = RoutingTable(ringOfTwo, epoch: .unknown, duty: .none)
    for index in 0..<2 {
      await forwarding.loops[index].onLoop { $0.install(joining) }
      #expect(await forwarding.snapshot().peers.count == 2)
    }
    await forwarding.shutdown()
    try await group.shutdownGracefully()
  }

  // MARK: - Limits

  @Test func `an owner that never answers is waited for as long as forward-timeout says`()
    async throws
  {
    try await withNodes {
      $0.forwardTimeout = .seconds(1)
    } _: { a, b in
      // The time is the owner's: none of it goes to the connection.
      try await until { await a.owner(of: keyOfB) == .success("b") }
      b.peers.isMute.store(true, ordering: .relaxed)
      let write = await a.owner(of: keyOfB, .set)
      #expect(write.reason == "OUTCOME_UNKNOWN")
      #expect(write.status?.retryPushback == .never)
      let read = await a.owner(of: keyOfB, .get)
      #expect(read.reason == "OWNER_LOST")
      #expect(read.status?.message.contains("forward-timeout") == true)
      #expect(await a.forwarding.snapshot().counts[.set, .unknown] == 1)
    }
  }

  @Test func `more calls than peer-calls-max are refused, and nothing is done`() async throws {
    try await withNodes {
      $0.callsMax = 2
    } _: { a, b in
      b.peers.isMute.store(true, ordering: .relaxed)
      let calls = (0..<2).map { _ in Task { await a.owner(of: keyOfB, .set) } }
      try await until { await a.forwarding.snapshot().peers[1].openCalls == 2 }
      let third = await a.owner(of: keyOfB, .set)
      #expect(third.status?.code == .resourceExhausted && third.reason == "FORWARDS_EXHAUSTED")
      for call in calls { call.cancel() }
      for call in calls { #expect(await call.value.status?.code == .cancelled) }
    }
  }

  @Test func `a connection without calls is closed after peer-idle-timeout, and made again`()
    async throws
  {
    try await withNodes {
      $0.idleTimeout = .milliseconds(30)
    } _: { a, b in
      #expect(await a.owner(of: keyOfB) == .success("b"))
      while await a.forwarding.snapshot().peers[1].state != "idle" {
        try await Task.sleep(for: .milliseconds(5))
      }
      #expect(await a.owner(of: keyOfB) == .success("b"))
    }
  }

  @Test func `each event loop has as many connections to a peer as it may, and uses all`()
    async throws
  {
    try await withNodes {
      $0.connectionsPerLoop = 3
    } _: { a, b in
      for _ in 0..<6 { #expect(await a.owner(of: keyOfB) == .success("b")) }
      #expect(await a.forwarding.snapshot().peers[1].links["ready"] == 3)
    }
  }

  @Test func `an owner whose address refuses connections is dead, as whoever asked is told`()
    async throws
  {
    try await withNodes { a, b in
      let dead = Atomic(0)
      a.forwarding.peerDied { [member = b.member] in
        if $0 == member { dead.add(1, ordering: .relaxed) }
      }
      try await b.stopServing()
      #expect(await a.owner(of: keyOfB).reason == "OWNER_UNREACHABLE")
      // On a machine that is too slow for three attempts within 100 ms it takes more than one try.
      for _ in 0..<200 where dead.load(ordering: .relaxed) == 0 {
        _ = await a.owner(of: keyOfB)
        try await Task.sleep(for: .milliseconds(50))
      }
      #expect(dead.load(ordering: .relaxed) > 0)
      try await until { await a.forwarding.snapshot().peers[1].state == "unreachable" }
    }
  }

  @Test func `an owner that is not there fails calls at once after the first attempt`() async throws
  {
    try await withNodes { a, b in
      try await b.stopServing()
      for _ in 0..<3 {
        let answer = await a.owner(of: keyOfB, .increment)
        #expect(answer.status?.code == .unavailable && answer.reason == "OWNER_UNREACHABLE")
        #expect(answer.status?.retryPushback != .never)
      }
      #expect(await a.forwarding.snapshot().peers[1].lastFailure != nil)
    }
  }
}

extension Result<String, Status> {
  fileprivate var reason: String? { self.status?.info?.reason }
}

extension LoopForwarder {
  fileprivate func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable (LoopForwarder) -> Value
  ) async -> Value {
    await withCheckedContinuation { continuation in
      self.eventLoop.execute { continuation.resume(returning: body(self)) }
    }
  }

  /// Calls that wait for a newer table.
  fileprivate func waiting() async -> Int {
    await withCheckedContinuation { continuation in
      self.eventLoop.execute { continuation.resume(returning: self.waiters.count) }
    }
  }
}
