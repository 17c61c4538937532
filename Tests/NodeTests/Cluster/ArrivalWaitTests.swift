import CacheStore
import Cluster
import GRPC
import LarderAPI
import NIOCore
import Testing

@testable import Node

/// Calls that wait for keys on their way: how long, how many, and what becomes of them when things change
/// meanwhile.
@Suite struct ArrivalWaitTests {
  private static let methods: [Ask] = [
    .get("k"), .set("k", "8"), .set("k", "8", .ifAbsent), .delete("k"), .increment("k"),
    .touch("k"),
  ]

  // MARK: - Too long

  @Test(arguments: methods, [false, true])
  func `a call waits for as long as handover-wait says, and nothing is done`(
    call: Ask, asPeer: Bool
  ) async throws {
    try await withArrivals {
      $0.handoverWait = .milliseconds(20)
    } _: { node in
      await node.arrive(.unsealed)
      #expect(await node.ask(call, asPeer: asPeer) == [.error("HANDOVER_WAIT")])
      #expect(node.store.statistics().total.entries == 0)
      #expect(await node.hits(of: .handoverWait) == 1)
    }
  }

  @Test func `of a batch that has waited too long only the keys in question fail`() async throws {
    try await withArrivals {
      $0.handoverWait = .milliseconds(20)
    } _: { node in
      node.put("here", "1", 101)
      node.fetcher["k"] = .entry("7", Version(rawValue: 50))
      await node.forwarding.install(
        Arrivals([(arc("u"), .unsealed), (arc("k"), .incoming(trustedAbove: .none))]))
      #expect(
        await node.ask(.getMany("here", "u", "k", "none"))
          == [.hit("1"), .error("HANDOVER_WAIT"), .hit("7"), .miss])
      #expect(
        await node.ask(.setMany(("u", "2", .always), ("here", "2", .always)))
          == [.error("HANDOVER_WAIT"), .done])
      #expect(
        await node.ask(.deleteMany("k", "u", "here"))
          == [.done, .error("HANDOVER_WAIT"), .done])
      #expect(node.fetcher.asked == [["k"]])
      #expect(await node.hits(of: .handoverWait) == 3)
    }
  }

  @Test func `without handover-wait nobody waits`() async throws {
    try await withArrivals {
      $0.handoverWait = .zero
    } _: { node in
      await node.arrive(.unsealed)
      #expect(await node.ask(.get("k")) == [.error("HANDOVER_WAIT")])
      #expect(await node.forwarding.snapshot().handover.parked == 0)
    }
  }

  @Test func `the time of a call goes on while its key is fetched, and ends when it waits again`()
    async throws
  {
    try await withArrivals {
      $0.handoverWait = .milliseconds(200)
    } _: { node in
      node.fetcher.hold()
      await node.arrive(.unsealed)
      let call = Task { await node.ask(.get("k")) }
      // On a machine that is too slow the call's time is over before all this: the end is the same.
      while await node.forwarding.snapshot().handover.parked == 0 {
        try await Task.sleep(for: .milliseconds(1))
      }
      let start = ContinuousClock.now
      await node.arrive(.incoming(trustedAbove: .none))
      await node.forwarding.install(
        try node.table([node.member], revision: 2), arrivals: Arrivals([(.all, .unsealed)]))
      try await Task.sleep(until: start + .milliseconds(250))
      node.fetcher.release()
      #expect(await call.value == [.error("HANDOVER_WAIT")])
      #expect(await node.forwarding.snapshot().handover.parked == 1)
    }
  }

  // MARK: - Deadlines, and clients that leave

  @Test(arguments: [Arrivals.State.unsealed, .incoming(trustedAbove: .none)])
  func `a call ends by its client's deadline`(state: Arrivals.State) async throws {
    try await withArrivals { node in
      node.fetcher.hold()
      await node.arrive(state)
      for call in [Ask.delete("k"), .increment("k")] {
        let answer = await node.ask(call, timeout: .milliseconds(200))
        // The node's word of it is on its way shortly before; on a slow machine it comes too late.
        #expect([[.error("HANDOVER_WAIT")], [.error("DEADLINE_EXCEEDED")]].contains(answer))
      }
      try await node.untilWaiting(0)
      #expect(await node.hits(of: .handoverWait) == 0)
      node.fetcher.release()
    }
  }

  @Test func `a read whose keys do not come before its deadline is a miss`() async throws {
    try await withArrivals {
      // As with a client's deadline, but with time left for the answer.
      $0.forwardTimeout = .milliseconds(30)
    } _: { node in
      node.fetcher.hold()
      node.put("here", "1", 101)
      await node.arrive(.incoming(trustedAbove: Version(rawValue: 60)))
      #expect(await node.ask(.get("k")) == [.miss])
      #expect(await node.ask(.getMany("k", "here")) == [.miss, .hit("1")])
      #expect(await node.ask(.touch("k")) == [.error("HANDOVER_WAIT")])
      node.fetcher.release()
    }
  }

  @Test(arguments: [Arrivals.State.unsealed, .incoming(trustedAbove: .none)])
  func `a client that leaves is forgotten, and its call not done`(state: Arrivals.State)
    async throws
  {
    try await withArrivals { node in
      node.fetcher.hold()
      await node.arrive(state)
      let call = Task { await node.ask(.set("k", "8", .ifAbsent)) }
      try await node.untilWaiting(1)
      call.cancel()
      _ = await call.value
      try await node.untilWaiting(0)
      node.fetcher.release()
      await node.forwarding.install(Arrivals.none)
      #expect(await node.ask(.get("k")) == [.miss])
    }
  }

  // MARK: - Many calls

  @Test func `calls for one key share its fetch, whatever they do`() async throws {
    try await withArrivals { node in
      node.fetcher["k"] = .entry("7", Version(rawValue: 50))
      node.fetcher.hold()
      await node.arrive(.incoming(trustedAbove: .none))
      let calls: [Ask] = [.get("k"), .touch("k"), .get("k"), .getMany("k"), .increment("k")]
      let answers = calls.map { call in Task { await node.ask(call) } }
      try await node.untilWaiting(calls.count)
      node.fetcher.release()
      #expect(await answers[1].value == [.done])
      let sum = await answers[4].value
      #expect(sum == [.sum(8)])
      for read in [answers[0], answers[2], answers[3]] {
        // Before the increment, or after it.
        let answer = await read.value
        #expect(answer == [.hit("7")] || answer == [.hit("8")])
      }
      #expect(node.fetcher.asked == [["k"]])
      #expect(await node.forwarding.snapshot().handover.mergedFetches == calls.count - 1)
    }
  }

  @Test(arguments: [Arrivals.State.unsealed, .incoming(trustedAbove: .none)])
  func `more calls than handover-calls-max do not wait`(state: Arrivals.State) async throws {
    try await withArrivals {
      $0.handoverCallsMax = 2
    } _: { node in
      node.fetcher.hold()
      await node.arrive(state)
      let calls = (0..<2).map { _ in Task { await node.ask(.get("k")) } }
      try await node.untilWaiting(2)
      for call in [Ask.get("k"), .delete("k"), .getMany("k"), .deleteMany("k")] {
        #expect(await node.ask(call) == [.error("HANDOVER_CALLS_EXHAUSTED")])
      }
      #expect(await node.hits(of: .handoverCallsMax) == 4)
      node.fetcher.release()
      await node.forwarding.install(Arrivals.none)
      for call in calls { #expect(await call.value == [.miss]) }
    }
  }

  @Test func `fetches above their limit wait in line`() async throws {
    try await withArrivals {
      $0.handoverFetchesMax = 1
    } _: { node in
      node.fetcher.hold()
      await node.arrive(.incoming(trustedAbove: .none))
      let calls = ["k", "l", "m"].map { key in Task { await node.ask(.get(key)) } }
      try await node.untilWaiting(3)
      #expect(node.fetcher.asked.count <= 1)
      node.fetcher.release()
      for call in calls { #expect(await call.value == [.miss]) }
      #expect(Set(node.fetcher.asked) == [["k"], ["l"], ["m"]])
    }
  }

  // MARK: - What changes meanwhile

  @Test(arguments: [Arrivals.State.unsealed, .incoming(trustedAbove: .none)])
  func `a call whose key has gone to another node meanwhile is passed on to it`(
    state: Arrivals.State
  ) async throws {
    try await withTwo { node, other in
      node.fetcher.hold()
      await node.arrive(state)
      let single = Task { await node.ask(.set("k", "8", .ifAbsent)) }
      let batch = Task { await node.ask(.setMany(("l", "8", .ifAbsent))) }
      try await node.untilWaiting(2)
      await other.forwarding.install(try other.table([other.member], revision: 2))
      await node.forwarding.install(
        try node.table([other.member], revision: 2), arrivals: .none)
      node.fetcher.release()
      #expect(await single.value == [.done])
      #expect(await batch.value == [.done])
      #expect(other.store.statistics().total.entries == 2)
      #expect(node.store.statistics().total.entries == 0)
    }
  }

  @Test func `a peer hears that it is wrong when the key has gone meanwhile`() async throws {
    try await withTwo { node, other in
      await node.arrive(.unsealed)
      let single = Task { await node.ask(.get("k"), asPeer: true) }
      let batch = Task { await node.ask(.getMany("k"), asPeer: true) }
      try await node.untilWaiting(2)
      await node.forwarding.install(
        try node.table([other.member], revision: 2), arrivals: .none)
      #expect(await single.value == [.error("WRONG_OWNER")])
      #expect(await batch.value == [.error("WRONG_OWNER")])
    }
  }

  @Test func `what was fetched by an older ring is fetched again`() async throws {
    try await withArrivals { node in
      node.fetcher.hold()
      await node.arrive(.incoming(trustedAbove: .none))
      let call = Task { await node.ask(.get("k")) }
      try await node.untilWaiting(1)
      // The key has been away, and has come back: what is on its way is from before that.
      await node.forwarding.install(
        try node.table([node.member], revision: 2),
        arrivals: Arrivals([(.all, .incoming(trustedAbove: Version(rawValue: 60)))]))
      node.fetcher["k"] = .entry("7", Version(rawValue: 50))
      node.fetcher.release()
      #expect(await call.value == [.hit("7")])
      #expect(node.fetcher.asked == [["k"], ["k"]])
    }
  }

  @Test func `a node that stops gives up its fetches`() async throws {
    try await withArrivals { node in
      node.fetcher.hold()
      await node.arrive(.incoming(trustedAbove: .none))
      _ = await node.ask(.get("k"), timeout: .milliseconds(50))
      // The fetch would never end by itself.
    }
  }

  @Test func `the metrics tell of calls that wait and of fetches`() async throws {
    try await withArrivals { node in
      node.fetcher.hold()
      await node.arrive(.unsealed)
      let call = Task { await node.ask(.get("k")) }
      try await node.untilWaiting(1)
      await node.arrive(.incoming(trustedAbove: .none))
      let other = Task { await node.ask(.get("k")) }
      try await node.untilWaiting(2)
      #expect(await Self.sample("waiting_calls", of: node) == "2")
      node.fetcher.release()
      _ = await (call.value, other.value)
      #expect(await Self.sample("waiting_calls", of: node) == "0")
      #expect(await Self.sample("parked_calls_total", of: node) == "1")
      #expect(await Self.sample("fetches_total{result=\"ok\"}", of: node) == "1")
      #expect(await Self.sample("fetches_total{result=\"failed\"}", of: node) == "0")
      #expect(await Self.sample("merged_fetches_total", of: node) == "1")
    }
  }

  private static func sample(_ name: String, of node: ArrivalNode) async -> Substring? {
    var page = PrometheusText()
    await node.forwarding.snapshot().write(&page)
    let start = "larder_handover_\(name) "
    let line = page.text.split(separator: "\n").first { $0.hasPrefix(start) }
    return line?.dropFirst(start.count)
  }

  // MARK: - Batches of several owners

  /// Of two nodes, keys of each, by the ring of both.
  @Test(arguments: [Arrivals.State.unsealed, .incoming(trustedAbove: .none)])
  func `the keys of the other node are done once, while this node's wait`(state: Arrivals.State)
    async throws
  {
    try await withTwo { node, other in
      let table = try node.table([node.member, other.member], revision: 2)
      let keys = Self.keys(by: table)
      await other.forwarding.install(
        try other.table([node.member, other.member], revision: 2))
      node.fetcher.hold()
      await node.forwarding.install(table, arrivals: Arrivals([(.all, state)]))
      let batch = Task {
        await node.ask(
          .setMany((keys.own, "1", .ifAbsent), (keys.other, "1", .ifAbsent)))
      }
      try await node.untilWaiting(1)
      #expect(other.store.statistics().total.entries == 1)
      node.fetcher.release()
      await node.arrive(.incoming(trustedAbove: .none))
      // A second time would find the entry of the first.
      #expect(await batch.value == [.done, .done])
      #expect(node.store.statistics().total.entries == 1)
      #expect(await node.forwarding.snapshot().counts[.setMany, .ok] == 1)
    }
  }

  @Test(arguments: [Arrivals.State.unsealed, .incoming(trustedAbove: .none)])
  func `this node's keys go to their new owner when the ring changes while they wait`(
    state: Arrivals.State
  ) async throws {
    try await withTwo { node, other in
      let table = try node.table([node.member, other.member], revision: 2)
      let keys = Self.keys(by: table)
      await other.forwarding.install(
        try other.table([node.member, other.member], revision: 2))
      node.fetcher.hold()
      await node.forwarding.install(table, arrivals: Arrivals([(.all, state)]))
      let batch = Task {
        await node.ask(
          .setMany((keys.own, "1", .ifAbsent), (keys.other, "1", .ifAbsent)))
      }
      try await node.untilWaiting(1)
      await other.forwarding.install(try other.table([other.member], revision: 3))
      await node.forwarding.install(
        try node.table([other.member], revision: 3), arrivals: .none)
      node.fetcher.release()
      #expect(await batch.value == [.done, .done])
      #expect(other.store.statistics().total.entries == 2)
    }
  }

  @Test func `this node's keys alone fail where the rest of a batch is done`() async throws {
    try await withTwo {
      $0.handoverWait = .milliseconds(20)
    } _: { node, other in
      let table = try node.table([node.member, other.member], revision: 2)
      let keys = Self.keys(by: table)
      await other.forwarding.install(
        try other.table([node.member, other.member], revision: 2))
      await node.forwarding.install(table, arrivals: Arrivals([(.all, .unsealed)]))
      #expect(
        await node.ask(.setMany((keys.own, "1", .always), (keys.other, "1", .always)))
          == [.error("HANDOVER_WAIT"), .done])
    }
  }

  private static func keys(by table: RoutingTable) -> (own: String, other: String) {
    let keys = (0..<1_000).map { "k\($0)" }
    guard let own = keys.first(where: { table.otherOwner(of: hash($0)) == nil }),
      let other = keys.first(where: { table.otherOwner(of: hash($0)) != nil })
    else { preconditionFailure("a node that owns nothing") }
    return (own, other)
  }

  /// `a` owns all keys at first.
  private func withTwo(
    _ change: (inout ForwardingConfiguration) -> Void = { _ in },
    _ body: (ArrivalNode, ArrivalNode) async throws -> Void
  ) async throws {
    let (a, b) = (try await ArrivalNode("a", change), try await ArrivalNode("b", change))
    for node in [a, b] {
      await node.forwarding.install(try node.table([a.member], revision: 1))
    }
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(a, b))
    } catch {
      result = .failure(error)
    }
    try await a.stop()
    try await b.stop()
    try result.get()
  }
}
