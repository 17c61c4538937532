import GRPC
import LarderAPI
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// Reads of one key at one node that does not own it.
@Suite struct MergedReadTests {
  /// The first read is on its way to `b`, which holds it; then `count` more have come to wait for it.
  private func withReaders(
    _ count: Int, change: (inout ForwardingConfiguration) -> Void = { _ in },
    _ body:
      (
        _ a: TestNode, _ b: TestNode, _ first: Task<Result<String, Status>, Never>,
        _ others: [Task<Result<String, Status>, Never>]
      ) async throws -> Void
  ) async throws {
    try await withNodes(change) { a, b in
      b.peers.isHeld.store(true, ordering: .relaxed)
      let first = Task { await a.owner(of: keyOfB) }
      try await until { b.peers.served.load(ordering: .relaxed) == 1 }
      let others = (0..<count).map { _ in Task { await a.owner(of: keyOfB) } }
      try await until { await a.forwarding.loops[0].forwardsKept() == 1 + count }
      #expect(b.peers.served.load(ordering: .relaxed) == 1)
      try await body(a, b, first, others)
    }
  }

  @Test func `reads that come while one is under way share the next call`() async throws {
    try await self.withReaders(5) { a, b, first, others in
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(await first.value == .success("b 1"))
      // Not the answer of the call that was sent before they came.
      for reader in others { #expect(await reader.value == .success("b")) }
      #expect(b.peers.served.load(ordering: .relaxed) == 2)
      let snapshot = await a.forwarding.snapshot()
      #expect(snapshot.mergedReads == 4 && snapshot.counts[.get, .ok] == 2)
      #expect(await a.forwarding.loops[0].forwardsKept() == 0)
    }
  }

  @Test func `the first reader gives up, and the others are answered at once`() async throws {
    try await self.withReaders(3) { a, b, first, others in
      first.cancel()
      // The owner is called for the others, though it has not answered the first.
      try await until { b.peers.served.load(ordering: .relaxed) == 2 }
      b.peers.isHeld.store(false, ordering: .relaxed)
      for reader in others { #expect(await reader.value == .success("b 2")) }
      #expect(await first.value.status?.code == .cancelled)
      #expect(await a.forwarding.snapshot().counts[.get, .cancelled] == 1)
    }
  }

  @Test func `readers that give up while they wait leave the others alone`() async throws {
    try await self.withReaders(3) { a, b, first, others in
      others[1].cancel()
      try await until { await a.forwarding.loops[0].forwardsKept() == 3 }
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(await first.value == .success("b 1"))
      #expect(await others[0].value == .success("b"))
      #expect(await others[2].value == .success("b"))
    }
  }

  @Test func `a reader's own deadline holds, and the next one's does not shorten it`() async throws
  {
    try await self.withReaders(1) { a, b, first, others in
      let hasty = await a.owner(of: keyOfB, timeout: .milliseconds(50))
      #expect(hasty.status?.code == .deadlineExceeded)
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(await first.value == .success("b 1"))
      #expect(await others[0].value == .success("b"))
    }
  }

  @Test func `all readers of a call hear of the owner's error, and the next ones do better`()
    async throws
  {
    try await self.withReaders(2) { a, b, first, others in
      try await b.stopServing()
      b.peers.isHeld.store(false, ordering: .relaxed)
      for reader in [first] + others {
        let answer = await reader.value
        // The server lets the call that it has taken end, if it is in time.
        #expect(answer == .success("b 1") || answer.status?.code == .unavailable)
      }
      #expect(await a.forwarding.loops[0].forwardsKept() == 0)
    }
  }

  @Test func `more readers than peer-calls-max do not wait for one call`() async throws {
    try await self.withReaders(2, change: { $0.callsMax = 2 }) { a, b, first, others in
      let last = await a.owner(of: keyOfB)
      #expect(last.status?.info?.reason == "FORWARDS_EXHAUSTED")
      b.peers.isHeld.store(false, ordering: .relaxed)
      for reader in [first] + others { #expect(await reader.value.status == nil) }
    }
  }

  @Test func `readers that wait are served by a new table at once`() async throws {
    try await self.withReaders(2) { a, b, first, others in
      try await a.install([a.member], revision: 2)
      for reader in others { #expect(await reader.value == .success("a")) }
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(await first.value == .success("b 1"))
    }
  }

  @Test func `readers of a call to a node that is no owner any more wait for the table`()
    async throws
  {
    try await self.withReaders(3) { a, b, first, others in
      try await b.install([a.member], revision: 2)
      b.peers.isHeld.store(false, ordering: .relaxed)
      #expect(await first.value == .success("b 1"))
      try await until { await a.forwarding.loops[0].callsWaitingForTable() == 3 }
      try await a.install([a.member], revision: 2)
      for reader in others { #expect(await reader.value == .success("a")) }
    }
  }

  @Test func `writes are never merged`() async throws {
    try await withNodes { a, b in
      b.peers.isHeld.store(true, ordering: .relaxed)
      let writes = (0..<4).map { _ in Task { await a.owner(of: keyOfB, .set) } }
      try await until { b.peers.served.load(ordering: .relaxed) == 4 }
      b.peers.isHeld.store(false, ordering: .relaxed)
      for write in writes { #expect(await write.value.status == nil) }
    }
  }
}

extension LoopForwarder {
  /// Calls of clients and calls to peers that have not ended.
  fileprivate func forwardsKept() async -> Int {
    await withCheckedContinuation { continuation in
      self.eventLoop.execute { continuation.resume(returning: self.forwards.count) }
    }
  }

  fileprivate func callsWaitingForTable() async -> Int {
    await withCheckedContinuation { continuation in
      self.eventLoop.execute { continuation.resume(returning: self.waiters.count) }
    }
  }
}
