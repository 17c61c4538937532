import CacheStore
import Synchronization
import Testing

@testable import Cluster

/// A node that is told to stop, and waits until others have what it held.
@Suite struct DrainTests {
  private let own = LoneHandover.own
  private let other = LoneHandover.other

  @Test func `it is not done before it goes by the ring without it, and its heir has all`()
    async throws
  {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      // The others may go by the next ring already.
      #expect(await node.drain(within: .milliseconds(20)) == .late)
      try await node.change(2, [other])
      #expect(await node.drain(within: .milliseconds(20)) == .late, "nobody has come")
      let epoch = Epoch(incarnation: 1, revision: 2)
      let order = SealOrder(heir: MemberProcess(other), epoch: epoch, arcs: .all)
      _ = try await node.handover.seal(order)
      #expect(await node.drain(within: .milliseconds(20)) == .late, "nobody has got it")
      node.handover.handedOver(.all, to: order.heir, by: epoch)
      #expect(await node.drain(within: .seconds(60)) == .handedOver)
    }
  }

  @Test func `the deadline ends the wait for those that give signs of life, and do not come`()
    async throws
  {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      try await node.change(2, [other])
      let start = ContinuousClock.now
      #expect(await node.drain(within: .milliseconds(300)) == .late)
      #expect(start.duration(to: .now) >= .milliseconds(300))
    }
  }

  @Test func `it does not wait for those that give no sign of life for too long`() async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      node.store.set("key", [1, 2])
      try await node.change(2, [other])
      #expect(await node.drain(within: .seconds(600), silenceMax: .milliseconds(1)) == .silent)
      let left = await node.handover.leftBehind(silenceMax: .milliseconds(1))
      #expect(left.entries == 1 && left.bytes == 5)
      #expect(left.parts.map(\.heir) == [MemberProcess(other)] && left.parts.map(\.entries) == [1])
      #expect(left.parts.map(\.isGivenUp) == [true])
      // What is left is theirs all the same, for some time.
      let order = SealOrder(
        heir: MemberProcess(other), epoch: Epoch(incarnation: 1, revision: 2), arcs: .all)
      _ = try await node.handover.seal(order)
      node.handover.handedOver(.all, to: order.heir, by: order.epoch)
      #expect(await node.drain(within: .seconds(600), silenceMax: .zero) == .handedOver)
    }
  }

  @Test func `silence ends nothing while the ring does not show who is alive`() async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      try await node.change(2, [other])
      let outcome = await node.drain(
        within: .milliseconds(50), silenceMax: .zero, showsWhoLives: false)
      #expect(outcome == .late)
    }
  }

  @Test func `silence ends nothing before it goes by the ring without it`() async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [own, other])
      #expect(await node.drain(within: .milliseconds(50), silenceMax: .zero) == .late)
    }
  }

  /// What an heir does, and how it is answered: with a refusal, too.
  enum Sign: CaseIterable {
    case asksTooEarly, asks, wantsIt, hasAll
  }

  @Test(arguments: Sign.allCases) func `whatever an heir sends is a sign of life`(
    _ sign: Sign
  ) async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      try await node.change(2, [other])
      let heir = MemberProcess(other)
      let heard = { node.handover.state.withLock { $0.machine?.signs.heardAt[heir] } }
      let before = try #require(heard())
      let order = SealOrder(heir: heir, epoch: Epoch(incarnation: 1, revision: 2), arcs: .all)
      switch sign {
      case .asksTooEarly:
        let early = SealOrder(heir: heir, epoch: .unknown, arcs: .all)
        await #expect(throws: HandoverRefusal.epochPassed) {
          _ = try await node.handover.seal(early)
        }
      case .asks: _ = try await node.handover.seal(order)
      case .wantsIt: node.handover.heard(from: heir)
      case .hasAll: node.handover.handedOver(.all, to: heir, by: order.epoch)
      }
      #expect(try #require(heard()) > before)
    }
  }

  @Test func `as an heir it tells one that leaves that it still wants what it has asked for`()
    async throws
  {
    try await LoneHandover.with { node in
      try await node.change(1, [other])
      try await node.change(2, [own, other])
      let running = Task { await node.handover.run() }
      try await until { node.handover.state.withLock { $0.machine?.debts.isEmpty } == false }
      // One that stays on the ring has nobody wait for it.
      #expect(node.handover.leavingHolders.members.isEmpty)
      try await node.change(3, [own], other: .leaving)
      #expect(node.handover.leavingHolders.members.map(\.id) == [other.id])
      // And again, though it does not answer.
      try await until { node.peer.renewals.load(ordering: .relaxed) >= 2 }
      running.cancel()
      await running.value
    }
  }

  @Test func `where nobody is left there is nothing to wait for`() async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      try await node.change(2, [])
      #expect(await node.drain(within: .seconds(60)) == .alone)
    }
  }

  @Test func `nobody comes for what it has not begun to get`() async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [other])
      try await node.change(2, [other, own])
      try await node.change(3, [other])
      #expect(await node.drain(within: .seconds(60)) == .handedOver)
    }
  }
}
