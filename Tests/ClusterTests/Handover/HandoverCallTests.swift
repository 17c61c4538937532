import CacheStore
import GRPC
import LarderAPI
import NIOCore
import Testing
import Wire

@testable import Cluster

/// Seal and Fetch between two nodes on loopback sockets.
@Suite(.timeLimit(.minutes(5))) struct HandoverCallTests {
  private typealias Floor = CacheStore.Floor
  private typealias Predecessor = Cluster.Predecessor

  private let order = SealOrder(
    heir: heirProcess, epoch: Epoch(incarnation: 3, revision: 17),
    arcs: ArcSet([1...5, 9...UInt64.max]), vias: [MemberProcess(id: "other", incarnation: 2)])

  private func failure(_ body: () async throws -> Void) async -> HandoverFailure? {
    do {
      try await body()
      return nil
    } catch let failure as HandoverFailure {
      return failure
    } catch {
      Issue.record(error)
      return nil
    }
  }

  private func fetch(
    _ keys: [String], _ handover: Handover, in namespace: String = "",
    heir: MemberProcess = heirProcess
  ) async throws(HandoverFailure) -> [FetchedCopy] {
    try await handover.heir.fetch(
      namespace, keys: keys.map { Array($0.utf8) }, heir: heir, from: handover.loser,
      timeout: .seconds(60))
  }

  // MARK: - Seal

  @Test func `an order and its answer arrive as they are`() async throws {
    try await withHandover { handover in
      let older = MemberProcess(id: "older", incarnation: .max)
      let answer = SealAnswer(
        clock: Version(rawValue: 123),
        holdings: [
          .init(arcs: ArcSet([1...1]), predecessors: [Predecessor(older, isCertain: true)]),
          .init(arcs: ArcSet([3...4, 10...12])),
        ])
      handover.source.answer = .success(answer)
      let received = try await handover.heir.seal(self.order, at: handover.loser)
      #expect(received == answer)
      #expect(handover.source.orders == [self.order])
      #expect(handover.loserRegister.snapshot().counts.seals == 1)
    }
  }

  @Test func `a sign of life arrives, and nothing is sealed for it`() async throws {
    try await withHandover { handover in
      try await handover.heir.renew(for: heirProcess, at: handover.loser)
      #expect(handover.source.heard == [heirProcess])
      #expect(handover.source.orders.isEmpty && handover.source.handedOver.isEmpty)
      #expect(handover.loserRegister.snapshot().counts.seals == 0)
    }
  }

  @Test(arguments: [HandoverRefusal.wait, .epochPassed])
  func `a node that does not seal says why`(refusal: HandoverRefusal) async throws {
    try await withHandover { handover in
      handover.source.answer = .failure(refusal)
      let failure = await self.failure {
        _ = try await handover.heir.seal(self.order, at: handover.loser)
      }
      #expect(failure == .refused(refusal))
      #expect(handover.loserRegister.snapshot().counts.sealsRefused == 1)
    }
  }

  @Test func `as many ranges as there may be are taken, whatever message-max is`() async throws {
    var configuration = Server.Configuration()
    configuration.connection.messageMaxBytes = 100
    try await withHandover(server: configuration) { handover in
      let step = UInt64.max / UInt64(SealRequest.rangesMax)
      let arcs = ArcSet((0..<UInt64(SealRequest.rangesMax)).map { $0 * step...$0 * step + 1 })
      handover.source.answer = .success(SealAnswer(clock: .none, holdings: [.init(arcs: arcs)]))
      let order = SealOrder(heir: heirProcess, epoch: self.order.epoch, arcs: arcs)
      let answer = try await handover.heir.seal(order, at: handover.loser)
      #expect(answer.holdings.first?.arcs == arcs && handover.source.orders == [order])
      handover.loserStore.set("a", [1])
      handover.source.sealed = arcs.union(ArcSet([2...UInt64.max]))
      try await handover.migrate(arcs)
    }
  }

  @Test func `another process at the member's address is not the member`() async throws {
    try await withHandover { handover in
      handover.source.answer = .success(SealAnswer(clock: .none, holdings: []))
      let before = Member(
        id: loserProcess.id, host: handover.loser.host, port: handover.loser.port, incarnation: 6)
      guard
        case .fault(let what) = await self.failure({
          _ = try await handover.heir.seal(self.order, at: before)
        })
      else {
        Issue.record("it was taken for the other one")
        return
      }
      #expect(what == "loser (7) answers for loser (6)")
    }
  }

  @Test func `a node that is gone is unreachable`() async throws {
    try await withHandover { handover in
      let gone = Member(id: "gone", host: "127.0.0.1", port: 1)
      guard
        case .unreachable = await self.failure({
          _ = try await handover.heir.seal(self.order, at: gone)
        })
      else {
        Issue.record("somebody answered")
        return
      }
    }
  }

  // MARK: - Fetch

  @Test func `what the node holds under each key, in their order`() async throws {
    try await withHandover { handover in
      let store = handover.loserStore
      store.track(.all)
      store.set("a", [1], flags: 3)
      store.set("large", [UInt8](repeating: 2, count: 100_000))
      store.set("gone", [3])
      _ = store.with("gone") { store.delete($0, now: storeTime()) }
      store.set("over", [4], expiry: .after(milliseconds: 1))
      store.raiseFloors(
        (0..<Store.floorCells).map { Floor(cell: $0, version: Version(rawValue: 5)) })
      try await Task.sleep(for: .milliseconds(5))
      let hits = store.statistics().total
      let copies = try await self.fetch(["large", "nothing", "a", "gone", "over"], handover)
      #expect(copies.count == 5)
      #expect(copies[0] == store.copy("large") && copies[2] == store.copy("a"))
      #expect(copies[1] == .unknown(floor: Version(rawValue: 5)))
      #expect(copies[3] == store.copy("gone"))
      #expect(copies[4] == .unknown(floor: Version(rawValue: 5)))
      let after = store.statistics().total
      #expect(after.hits == hits.hits && after.misses == hits.misses)
      #expect(handover.loserRegister.snapshot().counts.fetchedKeys == 5)
    }
  }

  @Test func `a namespace of its own, and one that the node has not`() async throws {
    try await withHandover { handover in
      handover.loserStore.set("a", [1], "sessions")
      let own = try await self.fetch(["a"], handover, in: "sessions")
      let other = try await self.fetch(["a"], handover)
      let unheard = try await self.fetch(["a"], handover, in: "unheard")
      #expect(own.first?.value == [1])
      #expect(other == [.unknown(floor: .none)] && unheard == other)
    }
  }

  @Test func `more than one answer holds is asked for in several calls`() async throws {
    try await withHandover { handover in
      let keys = (0..<3_000).map { "key-\($0)" }
      for key in keys { handover.loserStore.set(key, Array(key.utf8)) }
      for key in keys.prefix(5) {
        handover.loserStore.set(key, [UInt8](repeating: 1, count: 3 << 20))
      }
      let copies = try await self.fetch(keys, handover)
      #expect(copies.count == 3_000)
      #expect(copies.prefix(5).allSatisfy { $0.value?.count == 3 << 20 })
      #expect(zip(keys, copies).dropFirst(5).allSatisfy { $1.value == Array($0.utf8) })
      #expect(handover.loserRegister.snapshot().counts.fetches >= 7)
    }
  }

  @Test func `keys that are not sealed for the one that asks are not answered for`() async throws {
    try await withHandover { handover in
      handover.loserStore.set("a", [1])
      let other = MemberProcess(id: "heir", incarnation: 8)
      #expect(
        await self.failure { _ = try await self.fetch(["a"], handover, heir: other) } == .notSealed)
      handover.source.sealed = .none
      #expect(await self.failure { _ = try await self.fetch(["a"], handover) } == .notSealed)
    }
  }

  @Test func `a copy from the future is refused, and the node named`() async throws {
    try await withHandover { handover in
      let future = WallClock.milliseconds() + 2 * 3_600_000
      handover.loserStore.clock.observe(Version(wallMilliseconds: future))
      handover.loserStore.set("a", [1])
      guard
        case .fault(let what) = await self.failure({ _ = try await self.fetch(["a"], handover) })
      else {
        Issue.record("it was taken")
        return
      }
      #expect(what.hasPrefix("loser has versions too far in the future"))
      // A migration leaves it out.
      try await handover.migrate()
      #expect(handover.heirStore.entryCount == 0)
      #expect(handover.heirRegister.snapshot().counts.refusedItems == 1)
    }
  }
}
