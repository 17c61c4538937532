import CacheStore
import Synchronization
import Testing

@testable import Cluster

@Suite struct MigrationRegisterTests {
  private let register = MigrationRegister(bytesPerSecond: 1_000)
  private let a = MemberProcess(id: "a", incarnation: 1)
  private let b = MemberProcess(id: "b", incarnation: 1)

  /// A quarter of all hashes.
  private let arcs = ArcSet([0...UInt64.max / 4])

  private func begin(_ peer: MemberProcess, _ arcs: ArcSet? = nil) -> MigrationTrack {
    self.register.begin(.outbound, peer, arcs ?? self.arcs, wakeup: Wakeup())
  }

  @Test func `a migration is shown while it is under way`() {
    let track = self.begin(self.a)
    track.moved(bytes: 1_000, items: 10, donePermille: 250)
    let snapshot = self.register.snapshot(now: .now + .seconds(2))
    let shown = snapshot.migrations.first
    #expect(shown?.peer == self.a && shown?.direction == .outbound && shown?.share == 0.25)
    #expect(shown?.bytes == 1_000 && shown?.items == 10 && shown?.donePermille == 250)
    // A quarter in two seconds.
    #expect((shown?.bytesPerSecond ?? 0) > 450 && (shown?.bytesPerSecond ?? 0) <= 500)
    #expect((6...7).contains(shown?.secondsLeft ?? 0))
    track.end()
    #expect(self.register.snapshot().migrations.isEmpty)
    #expect(self.register.snapshot().counts.sent.bytes == 1_000)
    #expect(self.register.snapshot().counts.received == HandoverCounts.Traffic())
  }

  @Test func `work is hurried while somebody leaves, and goes at full speed without a rate`() {
    func speed() -> WorkPace.Speed { self.register.state.withLock { $0.speed } }
    #expect(speed() == .gentle)
    self.register.setHurried(true)
    #expect(speed() == .hurried)
    self.register.setRate(0)
    #expect(speed() == .full)
    self.register.setHurried(false)
    #expect(speed() == .full)
    self.register.setRate(1)
    #expect(speed() == .gentle)
  }

  @Test func `peers are paused and resumed by name, or all at once`() {
    let tracks = [self.begin(self.a), self.begin(self.b)]
    func orders() -> [MigrationTrack.Order] { tracks.map(\.order) }
    #expect(orders() == [.go, .go])
    self.register.pause("a")
    #expect(orders() == [.pause, .go])
    self.register.pause()
    #expect(orders() == [.pause, .pause] && self.register.snapshot().pausesAll)
    self.register.resume("b")
    #expect(orders() == [.pause, .go])
    self.register.pause("b")
    #expect(orders() == [.pause, .pause])
    self.register.resume("b")
    self.register.resume("a")
    self.register.resume()
    #expect(orders() == [.go, .go] && !self.register.snapshot().pausesAll)
    // What begins while all are paused is paused too.
    self.register.pause()
    #expect(self.begin(self.a).order == .pause)
  }

  @Test func `what is cancelled stays cancelled, and what begins later does not`() {
    let track = self.begin(self.a)
    let other = self.begin(self.b)
    #expect(self.register.cancel("a") == 1 && self.register.cancel("a") == 0)
    #expect(track.order == .cancel && other.order == .go)
    track.end()
    #expect(self.begin(self.a).order == .go)
    #expect(self.register.cancel() == 2)
  }

  @Test func `a stream that follows one that is cancelled and still there is cancelled too`() {
    let track = self.begin(self.a)
    self.register.cancel("a")
    let next = self.begin(self.a)
    #expect(next.order == .cancel && self.register.cancel("a") == 0)
    let part = self.begin(self.a, self.arcs.intersection(ArcSet([1...2])))
    #expect(part.order == .cancel, "a ring has changed in between")
    // Of other hashes, of another peer, in the other direction, of another process of the peer.
    #expect(self.begin(self.a, self.arcs.complement).order == .go)
    #expect(self.begin(self.b).order == .go)
    let inbound = self.register.begin(.inbound, self.a, self.arcs, wakeup: Wakeup())
    #expect(inbound.order == .go)
    #expect(self.begin(MemberProcess(id: "a", incarnation: 2)).order == .go)
    track.end()
    #expect(self.begin(self.a).order == .cancel, "the second one is still there")
  }

  @Test func `whoever waits looks again when an order or the rate changes`() async {
    let track = self.begin(self.a)
    self.register.pause("a")
    await track.wakeup.wait()
    self.register.setRate(5)
    await track.wakeup.wait()
    #expect(self.register.bytesPerSecond == 5)
    self.register.cancel()
    await track.wakeup.wait()
    track.end()
  }
}

@Suite struct MigrationLedgerTests {
  private final class Stream: Sendable {}

  private let ledger = MigrationLedger()
  private let key = MigrationLedger.Key(heir: heirProcess, arcs: .all)
  private let stream = Stream()
  private var id: ObjectIdentifier { ObjectIdentifier(self.stream) }

  private func point(_ bytes: Int) -> MigrationLedger.Point {
    MigrationLedger.Point(place: nil, contentBytes: bytes)
  }

  @Test func `a migration goes on behind any batch that may be the heir's last`() {
    #expect(self.ledger.begin(self.key, after: 0, self.id) {} == nil)
    for number in 1...4 {
      self.ledger.note(UInt64(number), self.point(number), self.key, of: self.id)
    }
    self.ledger.acknowledged(2, self.key, of: self.id)
    let next = Stream()
    // Batch 4 was sent; its acknowledgement did not come.
    let point = self.ledger.begin(self.key, after: 4, ObjectIdentifier(next)) {}
    #expect(point?.contentBytes == 4)
    #expect(self.ledger.begin(self.key, after: 1, self.id) {} == nil)
  }

  @Test func `the stream before it is told, and changes nothing any more`() async {
    await confirmation { told in
      _ = self.ledger.begin(self.key, after: 0, self.id) { told() }
      let next = Stream()
      _ = self.ledger.begin(self.key, after: 0, ObjectIdentifier(next)) {}
      self.ledger.note(1, self.point(1), self.key, of: self.id)
      #expect(self.ledger.begin(self.key, after: 1, ObjectIdentifier(next)) {} == nil)
    }
  }

  /// The first of two streams: leaves when it hears of the second, and an operator cancels just then.
  private final class Leaving: Sendable {
    let track = Mutex<MigrationTrack?>(nil)
    let cancelled = Mutex(0)

    func leave(_ register: MigrationRegister) {
      self.track.withLock { $0?.end() }
      let count = register.cancel()
      self.cancelled.withLock { $0 = count }
    }
  }

  @Test func `while one stream follows another, operators find the migration`() throws {
    let register = MigrationRegister(bytesPerSecond: 0)
    let service = MigrationService(
      store: try makeStore([]), source: FakeSource(), register: register, time: { storeTime() })
    let (leaving, next) = (Leaving(), Stream())
    let first = service.enter(self.key, after: 0, self.id, wakeup: Wakeup()) {
      leaving.leave(register)
    }
    leaving.track.withLock { $0 = first.track }
    let second = service.enter(self.key, after: 0, ObjectIdentifier(next), wakeup: Wakeup()) {}
    #expect(leaving.cancelled.withLock { $0 } == 1)
    #expect(second.track.order == .cancel)
  }

  @Test func `a migration that is over is forgotten`() {
    _ = self.ledger.begin(self.key, after: 0, self.id) {}
    self.ledger.note(1, self.point(1), self.key, of: self.id)
    self.ledger.end(self.key, of: self.id)
    #expect(self.ledger.begin(self.key, after: 1, self.id) {} == nil)
  }

  @Test func `the one that rested longest gives way to a new one`() {
    for number in 0...MigrationLedger.pagesMax {
      let key = MigrationLedger.Key(
        heir: MemberProcess(id: "\(number)", incarnation: 1), arcs: .all)
      _ = self.ledger.begin(key, after: 0, self.id) {}
      self.ledger.note(1, self.point(1), key, of: self.id)
    }
    let first = MigrationLedger.Key(heir: MemberProcess(id: "0", incarnation: 1), arcs: .all)
    let last = MigrationLedger.Key(
      heir: MemberProcess(id: "\(MigrationLedger.pagesMax)", incarnation: 1), arcs: .all)
    #expect(self.ledger.begin(last, after: 1, self.id) {} != nil)
    #expect(self.ledger.begin(first, after: 1, self.id) {} == nil)
  }
}
