import GRPC
import LarderAPI
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// Reads of several keys that a node gets in one turn, and forwards to one owner.
@Suite struct SharedReadTests {
  private func withClient(
    _ change: (inout ForwardingConfiguration) -> Void = { _ in },
    _ body: (_ client: TurnClient, _ a: TestNode, _ b: TestNode) async throws -> Void
  ) async throws {
    try await withNodes(change) { a, b in
      let client = try await TurnClient(of: a)
      // Reads that have to wait for the connection go out one by one.
      try await until { await a.owner(of: keyOfB) == .success("b") }
      try await body(client, a, b)
      try await client.close()
    }
  }

  /// Calls that `b` has served: with many keys, and with one beside the first.
  private func served(_ b: TestNode) -> [Int] {
    [b.peers.servedMany.load(ordering: .relaxed), b.peers.served.load(ordering: .relaxed) - 1]
  }

  @Test func `reads of one turn share a call, and each gets its own value`() async throws {
    try await self.withClient { client, a, b in
      let (x, y, none) = (
        ManyReads.request("x"), ManyReads.request("y"), ManyReads.request("none")
      )
      try await client.send([x.message, none.message, y.message])
      #expect(try await client.answer(0) == .success(ManyReads.hit(x.key)))
      // GetResponse with field 2, `miss`.
      #expect(try await client.answer(1) == .success([0x12, 0]))
      #expect(try await client.answer(2) == .success(ManyReads.hit(y.key)))
      #expect(self.served(b) == [1, 0])
      let counts = await a.forwarding.snapshot().counts
      #expect(counts[.get, .ok] == 4 && counts[.getMany, .ok] == 0)
      #expect(await a.forwarding.snapshot().sharedReads == 3)
      #expect(await a.forwarding.loops[0].openReads() == 0)
    }
  }

  @Test func `a read that is alone in its turn stays a Get`() async throws {
    try await self.withClient { client, a, b in
      try await client.send([ManyReads.request("x").message])
      #expect(try await client.answer(0) == .success(Array("b".utf8)))
      #expect(self.served(b) == [0, 1])
      #expect(await a.forwarding.snapshot().sharedReads == 0)
    }
  }

  @Test func `keys that were deferred, or have failed, are asked for by themselves`() async throws {
    try await self.withClient { client, a, b in
      let (x, late, bad) = (
        ManyReads.request("x"), ManyReads.request("late"), ManyReads.request("bad")
      )
      try await client.send([late.message, bad.message, x.message])
      #expect(try await client.answer(0) == .success(Array("b".utf8)))
      let refusal = try await client.answer(1).failure
      #expect(refusal?.code == .outOfRange && refusal?.message == "not this one")
      #expect(refusal?.info == ErrorInfo(reason: "BAD", metadata: ["key": bad.key]))
      #expect(try await client.answer(2) == .success(ManyReads.hit(x.key)))
      #expect(self.served(b) == [1, 2])
      #expect(await a.forwarding.snapshot().counts[.get, .error] == 1)
    }
  }

  @Test func `an owner that refuses the call is asked for each key, and spared the next ones`()
    async throws
  {
    try await self.withClient { client, a, b in
      b.peers.refusesMany.store(true, ordering: .relaxed)
      let messages = [ManyReads.request("x").message, ManyReads.request("y").message]
      try await client.send(messages)
      for number in 0..<2 {
        #expect(try await client.answer(number) == .success(Array("b".utf8)))
      }
      try await client.send(messages)
      for number in 2..<4 {
        #expect(try await client.answer(number) == .success(Array("b".utf8)))
      }
      #expect(self.served(b) == [1, 4])
    }
  }

  @Test func `reads of different namespaces do not share a call`() async throws {
    try await self.withClient { client, a, b in
      let (x, y) = (ManyReads.request("x", namespace: "n"), ManyReads.request("y", namespace: "n"))
      let z = ManyReads.request("z", namespace: "other")
      try await client.send([x.message, y.message, z.message])
      #expect(try await client.answer(0) == .success(ManyReads.hit(x.key)))
      #expect(try await client.answer(1) == .success(ManyReads.hit(y.key)))
      #expect(try await client.answer(2) == .success(Array("b".utf8)))
      #expect(self.served(b) == [1, 1])
    }
  }

  @Test(arguments: [true, false])
  func `a call that is part of a trace, or has metadata of its own, goes alone`(
    _ isTraced: Bool
  ) async throws {
    try await self.withClient { client, a, b in
      try await client.send(
        [ManyReads.request("x").message, ManyReads.request("y").message], isTraced: isTraced,
        isMarked: !isTraced)
      for number in 0..<2 {
        #expect(try await client.answer(number) == .success(Array("b".utf8)))
      }
      #expect(self.served(b) == [0, 2])
    }
  }

  @Test func `the same key twice in a turn is asked for once more`() async throws {
    try await self.withClient { client, a, b in
      let (x, y) = (ManyReads.request("x"), ManyReads.request("y"))
      try await client.send([x.message, y.message, x.message])
      #expect(try await client.answer(0) == .success(ManyReads.hit(x.key)))
      #expect(try await client.answer(1) == .success(ManyReads.hit(y.key)))
      #expect(try await client.answer(2) == .success(Array("b".utf8)))
      #expect(self.served(b) == [1, 1])
      #expect(await a.forwarding.loops[0].openReads() == 0)
    }
  }

  // MARK: - Ends before the answer

  @Test func `an owner that is lost while it has the call is lost to every reader`() async throws {
    try await self.withClient { client, a, b in
      b.peers.isMute.store(true, ordering: .relaxed)
      try await client.send([ManyReads.request("x").message, ManyReads.request("y").message])
      try await until { self.served(b) == [1, 0] }
      try await b.stopServing()
      for number in 0..<2 {
        #expect(try await client.answer(number).failure?.info?.reason == "OWNER_LOST")
      }
      #expect(await a.forwarding.snapshot().counts[.get, .unknown] == 2)
      #expect(await a.forwarding.loops[0].openReads() == 0)
    }
  }

  @Test func `a reader that leaves leaves the others alone`() async throws {
    try await self.withClient { client, a, b in
      b.peers.isHeld.store(true, ordering: .relaxed)
      let (x, y) = (ManyReads.request("x"), ManyReads.request("y"))
      try await client.send([x.message, y.message])
      try await until { self.served(b) == [1, 0] }
      try await client.cancel(0)
      try await until { await a.forwarding.snapshot().counts[.get, .cancelled] == 1 }
      #expect(await a.forwarding.snapshot().peers[1].openCalls == 1)
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(try await client.answer(1) == .success(ManyReads.hit(y.key)))
    }
  }

  @Test func `the call is cancelled when its last reader leaves`() async throws {
    try await self.withClient { client, a, b in
      b.peers.isMute.store(true, ordering: .relaxed)
      try await client.send([ManyReads.request("x").message, ManyReads.request("y").message])
      try await until { self.served(b) == [1, 0] }
      for number in 0..<2 { try await client.cancel(number) }
      try await until { await a.forwarding.snapshot().peers[1].openCalls == 0 }
      #expect(await a.forwarding.snapshot().counts[.get, .cancelled] == 2)
      #expect(await a.forwarding.loops[0].openReads() == 0)
    }
  }

  @Test func `a reader's own deadline holds, and the call goes on for the others`() async throws {
    try await self.withClient { client, a, b in
      b.peers.isHeld.store(true, ordering: .relaxed)
      let (x, y) = (ManyReads.request("x"), ManyReads.request("y"))
      try await client.send(
        [x.message, y.message], timeouts: [.seconds(2), .seconds(60)])
      try await until { self.served(b) == [1, 0] }
      #expect(try await client.answer(0).failure?.code == .deadlineExceeded)
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(try await client.answer(1) == .success(ManyReads.hit(y.key)))
    }
  }

  @Test func `an owner that never answers is given up by every reader`() async throws {
    try await self.withClient({ $0.forwardTimeout = .seconds(1) }) { client, a, b in
      b.peers.isMute.store(true, ordering: .relaxed)
      try await client.send([ManyReads.request("x").message, ManyReads.request("y").message])
      for number in 0..<2 {
        let failure = try await client.answer(number).failure
        #expect(failure?.info?.reason == "OWNER_LOST")
        #expect(failure?.message.contains("forward-timeout") == true)
      }
    }
  }
}

extension Result<[UInt8], Status> {
  fileprivate var failure: Status? {
    guard case .failure(let status) = self else { return nil }
    return status
  }
}

extension LoopForwarder {
  /// Reads, and calls that they share, that have not ended.
  fileprivate func openReads() async -> Int {
    await withCheckedContinuation { continuation in
      self.eventLoop.execute {
        continuation.resume(returning: self.forwards.count + self.readCalls.count)
      }
    }
  }
}
