import CacheStore
import Cluster
import GRPC
import LarderAPI
import NIOCore
import Testing

@testable import Node

/// Calls for keys that a node owns, and whose entries are on their way to it: at a real node on a loopback
/// socket, with somebody who has what another node would.
///
/// Every method finds `k` with the value 7 and the version 50 there, `t` deleted, and nothing else.
@Suite struct ArrivingKeysTests {
  private static func prepare(_ node: ArrivalNode) {
    node.fetcher["k"] = .entry("7", Version(rawValue: 50))
    node.fetcher["t"] = .tombstone(Version(rawValue: 50))
  }

  /// Each method, what it answers with what the other node has, and whether that had to be fetched.
  private static let calls: [(Ask, [Answer], Bool)] = [
    (.get("k"), [.hit("7")], true),
    (.get("t"), [.miss], true),
    (.get("none"), [.miss], true),
    (.set("k", "8"), [.done], false),
    (.set("k", "8", .ifPresent), [.done], true),
    (.set("k", "8", .ifAbsent), [.notDone], true),
    (.set("t", "8", .ifPresent), [.notDone], true),
    (.set("t", "8", .ifAbsent), [.done], true),
    (.delete("k"), [.done], true),
    (.delete("t"), [.notDone], true),
    (.increment("k"), [.sum(8)], true),
    (.increment("t"), [.sum(1)], true),
    (.touch("k"), [.done], true),
    (.touch("none"), [.notDone], true),
    (.getMany("k", "t", "none", "k"), [.hit("7"), .miss, .miss, .hit("7")], true),
    (
      .setMany(("k", "8", .ifAbsent), ("t", "8", .ifAbsent), ("none", "8", .always)),
      [.notDone, .done, .done], true
    ),
    (.setMany(("k", "8", .always), ("t", "8", .always)), [.done, .done], false),
    (.deleteMany("k", "t", "none"), [.done, .notDone, .notDone], true),
  ]

  // MARK: - What is on its way

  @Test(arguments: calls, [false, true])
  func `a call that goes by what there is has it fetched first, once for all its keys`(
    call: (Ask, [Answer], Bool), asPeer: Bool
  ) async throws {
    try await withArrivals { node in
      Self.prepare(node)
      await node.arrive(.incoming(trustedAbove: .none))
      #expect(await node.ask(call.0, asPeer: asPeer) == call.1)
      #expect(node.fetcher.asked.count == (call.2 ? 1 : 0))
      let counts = await node.forwarding.snapshot().handover
      #expect(counts.fetchesOK == (call.2 ? 1 : 0) && counts.parked == 0)
    }
  }

  @Test(arguments: calls)
  func `a call for keys that another node may still serve waits, and then goes by what there is`(
    call: (Ask, [Answer], Bool)
  ) async throws {
    try await withArrivals { node in
      Self.prepare(node)
      await node.arrive(.unsealed)
      async let answer = node.ask(call.0)
      try await node.untilWaiting(1)
      #expect(node.fetcher.asked == [] && node.store.statistics().total.entries == 0)
      await node.arrive(.incoming(trustedAbove: .none))
      #expect(await answer == call.1)
      #expect(node.fetcher.asked.count == (call.2 ? 1 : 0))
      let snapshot = await node.forwarding.snapshot()
      #expect(snapshot.handover.parked == 1 && snapshot.arrivalCalls == 0)
    }
  }

  @Test(arguments: calls)
  func `a call for keys that are here, while others are on their way, asks nobody`(
    call: (Ask, [Answer], Bool)
  ) async throws {
    try await withArrivals { node in
      node.put("k", "7", 50)
      await node.arrive(.unsealed, arc("another"))
      #expect(await node.ask(call.0) == call.1)
      #expect(node.fetcher.asked == [])
    }
  }

  // MARK: - What is here already

  @Test(arguments: calls)
  func `what this node knows since then is newer than what others have, and is gone by`(
    call: (Ask, [Answer], Bool)
  ) async throws {
    try await withArrivals { node in
      node.put("k", "7", 101)
      node.bury("t", 101)
      node.bury("none", 101)
      await node.arrive(.incoming(trustedAbove: Version(rawValue: 100)))
      #expect(await node.ask(call.0) == call.1)
      #expect(node.fetcher.asked == [])
    }
  }

  @Test(arguments: calls)
  func `what this node has from before is not gone by where another one knows better`(
    call: (Ask, [Answer], Bool)
  ) async throws {
    try await withArrivals { node in
      Self.prepare(node)
      node.put("k", "stale", 40)
      node.put("t", "stale", 40)
      await node.arrive(.incoming(trustedAbove: Version(rawValue: 60)))
      #expect(await node.ask(call.0) == call.1)
      #expect(node.fetcher.asked.count == (call.2 ? 1 : 0))
    }
  }

  @Test func `what this node has from before stands where nobody knows anything`() async throws {
    try await withArrivals { node in
      node.put("k", "old", 40)
      await node.arrive(.incoming(trustedAbove: Version(rawValue: 60)))
      #expect(await node.ask(.get("k")) == [.hit("old")])
      #expect(await node.ask(.getMany("k")) == [.hit("old")])
      #expect(node.fetcher.asked == [["k"], ["k"]])
    }
  }

  @Test func `what was written or fetched is not fetched again`() async throws {
    try await withArrivals { node in
      Self.prepare(node)
      await node.arrive(.incoming(trustedAbove: .none))
      #expect(await node.ask(.increment("k")) == [.sum(8)])
      #expect(await node.ask(.increment("k")) == [.sum(9)])
      #expect(await node.ask(.get("t")) == [.miss])
      #expect(await node.ask(.getMany("k", "t")) == [.hit("9"), .miss])
      #expect(await node.ask(.delete("k")) == [.done])
      #expect(await node.ask(.get("k")) == [.miss])
      #expect(node.fetcher.asked == [["k"], ["t"]])
    }
  }

  @Test func `a write that comes while the key is being fetched wins`() async throws {
    try await withArrivals { node in
      Self.prepare(node)
      node.fetcher.hold()
      await node.arrive(.incoming(trustedAbove: .none))
      async let answer = node.ask(.get("k"))
      try await node.untilWaiting(1)
      #expect(await node.ask(.set("k", "new")) == [.done])
      #expect(await node.ask(.get("k")) == [.hit("new")])
      node.fetcher.release()
      #expect(await answer == [.hit("new")])
    }
  }

  @Test func `a batch asks for those keys only that are not here`() async throws {
    try await withArrivals { node in
      Self.prepare(node)
      node.put("here", "1", 101)
      await node.forwarding.install(
        Arrivals([(arc("k").union(arc("here")), .incoming(trustedAbove: .none))]))
      let answers = await node.ask(.getMany("here", "k", "other"))
      #expect(answers == [.hit("1"), .hit("7"), .miss])
      #expect(node.fetcher.asked == [["k"]])
    }
  }

  // MARK: - Where nobody answers

  @Test(arguments: [
    (Ask.get("k"), [Answer.miss]), (.set("k", "8"), [.done]),
    (.set("k", "8", .ifAbsent), [.error("HANDOVER_WAIT")]),
    (.delete("k"), [.error("HANDOVER_WAIT")]), (.increment("k"), [.error("HANDOVER_WAIT")]),
    (.touch("k"), [.error("HANDOVER_WAIT")]),
    (.getMany("k", "here"), [.miss, .hit("1")]),
    (
      .setMany(("k", "8", .ifPresent), ("k", "9", .always), ("here", "2", .ifPresent)),
      [.error("HANDOVER_WAIT"), .done, .done]
    ),
    (.deleteMany("k", "here"), [.error("HANDOVER_WAIT"), .done]),
  ])
  func `reads miss and what goes by the entry fails, where those that had the key do not answer`(
    call: Ask, answers: [Answer]
  ) async throws {
    try await withArrivals { node in
      node.fetcher.fail()
      node.put("k", "stale", 40)
      node.put("here", "1", 101)
      await node.arrive(.incoming(trustedAbove: Version(rawValue: 60)))
      #expect(await node.ask(call) == answers)
      #expect(node.fetcher.asked.count == (answers == [.done] ? 0 : 1))
    }
  }

  @Test func `a refused write says that it may be made again, and that nothing was done`()
    async throws
  {
    try await withArrivals { node in
      node.fetcher.fail()
      await node.arrive(.incoming(trustedAbove: .none))
      let ask = Ask.delete("k")
      do throws(Status) {
        _ = try await node.channel.unary(ask.method.path, ask.message, timeout: .seconds(60))
        Issue.record("it was not refused")
      } catch {
        #expect(error.code == .unavailable && error.retryPushback == .after(.milliseconds(100)))
      }
    }
  }

  // MARK: - Without a lease

  @Test func `a node that is cut off reads what it has and asks nobody`() async throws {
    try await withArrivals { node in
      node.put("k", "old", 40)
      let table = try node.table([node.member], revision: 2, duty: .isolated)
      for state in [Arrivals.State.unsealed, .incoming(trustedAbove: Version(rawValue: 60))] {
        await node.forwarding.install(table, arrivals: Arrivals([(.all, state)]))
        #expect(await node.ask(.get("k")) == [.hit("old")])
        #expect(await node.ask(.getMany("k", "none")) == [.hit("old"), .miss])
        #expect(await node.ask(.delete("k")) == [.error("ISOLATED")])
        #expect(await node.ask(.deleteMany("k")) == [.error("ISOLATED")])
      }
      #expect(node.fetcher.asked == [])
    }
  }
}
