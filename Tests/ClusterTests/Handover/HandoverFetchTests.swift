import CacheStore
import Dispatch
import HashRing
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// Keys that calls need before they have come.
@Suite struct HandoverFetchTests {
  private let own = LoneHandover.own
  private let other = LoneHandover.other

  /// A key that is `own`'s in the ring of both.
  private let key: FetchKey = {
    do {
      let ring = try RoutingTable(
        epoch: .fixed, members: [LoneHandover.own, LoneHandover.other],
        ownID: LoneHandover.own.id)
      for number in 0..<1_000 {
        let bytes = Array("k\(number)".utf8)
        let hash = XXH64.hash(bytes.span.bytes)
        guard ring.otherOwner(of: hash) == nil else { continue }
        return FetchKey(namespace: .default, namespaceName: "", bytes: bytes, hash: hash)
      }
      preconditionFailure("a node that owns nothing")
    } catch {
      preconditionFailure("two nodes make a ring: \(error)")
    }
  }()

  private func has(_ node: LoneHandover) -> Bool {
    node.store.copy(String(decoding: self.key.bytes, as: UTF8.self)) != nil
  }

  /// Runs `body` while the key is on its way from the other node, which has given it up.
  private func whileIncoming(_ body: (LoneHandover) async throws -> Void) async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [self.other])
      try await node.change(2, [self.own, self.other])
      let gained = ArcSet([HashArc(after: self.key.hash &- 1, through: self.key.hash)])
      let order = SealOrder(
        heir: MemberProcess(self.own), epoch: Epoch(incarnation: 1, revision: 2), arcs: gained)
      let answer = SealAnswer(clock: .none, holdings: [.init(arcs: gained)])
      node.handover.update {
        $0.machine?.sealed(by: MemberProcess(self.other), order, answer)
      }
      try await body(node)
    }
  }

  @Test func `what the other node has is in the store afterwards`() async throws {
    try await self.whileIncoming { node in
      node.peer.answersFetches.store(true, ordering: .relaxed)
      #expect(await node.handover.fetch([self.key]))
      #expect(self.has(node))
    }
  }

  @Test func `a fetch whose key is lost meanwhile ends once the loops go by that ring`()
    async throws
  {
    try await self.whileIncoming { node in
      let key = self.key
      let fetch = Task { await node.handover.fetch([key]) }
      try await until { node.peer.fetches.load(ordering: .relaxed) == 1 }
      // The loop is busy, and goes by the ring in which the key is this node's.
      let isBusy = DispatchSemaphore(value: 0)
      node.eventLoop.execute { isBusy.wait() }
      let change = Task { try await node.change(3, [self.other]) }
      try await until {
        node.handover.state.withLock { $0.machine?.epoch.revision } == 3
      }
      node.peer.answersFetches.store(true, ordering: .relaxed)
      let end = Task {
        _ = await fetch.value
        return node.handover.state.withLock { $0.machine?.installed.revision }
      }
      try await Task.sleep(for: .milliseconds(50))
      isBusy.signal()
      // Sooner, the loop would take it that there is no such key.
      #expect(await end.value == 3)
      try await change.value
      #expect(!self.has(node), "what it has lost must not change")
    }
  }
}
