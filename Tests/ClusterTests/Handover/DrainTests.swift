import CacheStore
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

  @Test func `the deadline alone ends the wait for those that do not come`() async throws {
    try await LoneHandover.with { node in
      try await node.change(1, [own])
      try await node.change(2, [other])
      let start = ContinuousClock.now
      #expect(await node.drain(within: .milliseconds(300)) == .late)
      #expect(start.duration(to: .now) >= .milliseconds(300))
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
