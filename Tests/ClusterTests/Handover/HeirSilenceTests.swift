import CacheStore
import Testing

@testable import Cluster

/// For whom a node waits that has left the ring, and when it waits no more. Node `a` leaves, and what it had is
/// `b`'s and `c`'s.
@Suite struct HeirSilenceTests {
  private static let a = MemberProcess(id: "a", incarnation: 1)
  private static let b = MemberProcess(id: "b", incarnation: 2)
  private static let c = MemberProcess(id: "c", incarnation: 3)
  private static let low = ArcSet([0...99])
  private static let high = ArcSet([100...UInt64.max])
  private static let silenceMax: Duration = .seconds(15)

  private let start = ContinuousClock.now

  private func at(_ seconds: Double) -> ContinuousClock.Instant { self.start + .seconds(seconds) }

  private func epoch(_ revision: UInt64) -> Epoch { Epoch(incarnation: 1, revision: revision) }

  private func change(
    _ machine: inout HandoverMachine, _ revision: UInt64, to arcs: [MemberProcess: ArcSet],
    alive: Set<MemberProcess> = [a, b, c], at seconds: Double
  ) {
    machine.change(
      to: Placement(epoch: self.epoch(revision), arcs: arcs), alive: alive,
      clock: Version(rawValue: 1_000), self.at(seconds))
    machine.isInstalled(self.epoch(revision))
  }

  /// `a` had everything, and has left the ring at 0 s.
  private func makeLeaver() -> HandoverMachine {
    var machine = HandoverMachine(own: Self.a)
    machine.keepsUnclaimed = true
    self.change(&machine, 1, to: [Self.a: .all], alive: [Self.a], at: -10)
    self.change(&machine, 2, to: [Self.b: Self.low, Self.c: Self.high], at: 0)
    return machine
  }

  private func order(_ heir: MemberProcess, _ arcs: ArcSet, by revision: UInt64 = 2) -> SealOrder {
    SealOrder(heir: heir, epoch: self.epoch(revision), arcs: arcs)
  }

  private func claim(
    _ machine: inout HandoverMachine, _ heir: MemberProcess, _ arcs: ArcSet, at seconds: Double
  ) throws {
    machine.heard(from: heir, self.at(seconds))
    _ = try machine.seal(
      self.order(heir, arcs), clock: Version(rawValue: 1_000), self.at(seconds))
  }

  /// Looks twice a second until then.
  private func waitsInVain(
    _ machine: inout HandoverMachine, showsWhoLives: Bool = true, at seconds: Double
  ) -> Bool {
    var next = machine.signs.lookedAt ?? self.start
    while next < self.at(seconds) {
      _ = machine.waitsInVain(
        silenceMax: Self.silenceMax, showsWhoLives: showsWhoLives, next)
      next += .milliseconds(500)
    }
    return machine.waitsInVain(
      silenceMax: Self.silenceMax, showsWhoLives: showsWhoLives, self.at(seconds))
  }

  private func silences(_ machine: HandoverMachine, at seconds: Double) -> [String: Duration] {
    Dictionary(
      uniqueKeysWithValues: machine.awaitedHeirs(self.at(seconds)).map {
        ($0.process.id, $0.silence)
      })
  }

  // MARK: - Who is waited for

  @Test func `those that own it now are waited for from the ring on by which they do`() {
    var machine = self.makeLeaver()
    #expect(
      machine.awaitedHeirs(self.at(3)) == [
        AwaitedHeir(process: Self.b, silence: .seconds(3), arcs: Self.low),
        AwaitedHeir(process: Self.c, silence: .seconds(3), arcs: Self.high),
      ])
    #expect(!self.waitsInVain(&machine, at: 14.999))
    #expect(self.waitsInVain(&machine, at: 15))
  }

  @Test func `as long as one gives signs of life others may be silent`() {
    var machine = self.makeLeaver()
    machine.heard(from: Self.b, self.at(14))
    #expect(self.silences(machine, at: 16) == ["b": .seconds(2), "c": .seconds(16)])
    #expect(!self.waitsInVain(&machine, at: 28.999))
    #expect(self.waitsInVain(&machine, at: 29))
  }

  @Test func `once that one has all the others are waited for in vain at once`() throws {
    var machine = self.makeLeaver()
    try self.claim(&machine, Self.b, Self.low, at: 14)
    #expect(!self.waitsInVain(&machine, at: 20))
    machine.handedOver(Self.low, to: Self.b, by: self.epoch(2))
    #expect(self.silences(machine, at: 20) == ["c": .seconds(20)])
    #expect(self.waitsInVain(&machine, at: 20))
  }

  @Test func `where all have what they are to get there is nobody to wait for in vain`() throws {
    var machine = self.makeLeaver()
    for (heir, arcs) in [(Self.b, Self.low), (Self.c, Self.high)] {
      try self.claim(&machine, heir, arcs, at: 1)
      machine.handedOver(arcs, to: heir, by: self.epoch(2))
    }
    #expect(machine.awaitedHeirs(self.at(100)).isEmpty)
    #expect(!self.waitsInVain(&machine, at: 100))
  }

  @Test func `an heir that has claimed what it gets is waited for, whoever owns it since`() throws {
    var machine = self.makeLeaver()
    try self.claim(&machine, Self.c, Self.high, at: 1)
    self.change(&machine, 3, to: [Self.b: .all], at: 10)
    // `b` comes once `c` has named this node.
    #expect(self.silences(machine, at: 12) == ["b": .seconds(12), "c": .seconds(11)])
    machine.heard(from: Self.c, self.at(13))
    #expect(!self.waitsInVain(&machine, at: 27.999))
    #expect(self.waitsInVain(&machine, at: 28))
  }

  // MARK: - Rings

  @Test func `an heir that dies is followed by another, which is waited for from the beginning`() {
    var machine = self.makeLeaver()
    machine.heard(from: Self.b, self.at(1))
    // Its lease has ended.
    self.change(&machine, 3, to: [Self.b: .all], alive: [Self.a, Self.b], at: 12)
    #expect(
      machine.awaitedHeirs(self.at(16)) == [
        AwaitedHeir(process: Self.b, silence: .seconds(4), arcs: .all)
      ])
    #expect(!self.waitsInVain(&machine, at: 26.999))
    #expect(self.waitsInVain(&machine, at: 27))
  }

  @Test func `a process that starts again under the same id is another heir`() {
    var machine = self.makeLeaver()
    let next = MemberProcess(id: "c", incarnation: 4)
    self.change(
      &machine, 3, to: [Self.b: Self.low, next: Self.high], alive: [Self.a, Self.b, next], at: 12)
    #expect(self.silences(machine, at: 16) == ["b": .seconds(16), "c": .seconds(4)])
  }

  @Test func `a ring by which an heir gets nothing more changes nothing`() {
    var machine = self.makeLeaver()
    let d = MemberProcess(id: "d", incarnation: 4)
    let all: Set = [Self.a, Self.b, Self.c, d]
    let half = ArcSet([100...(UInt64.max / 2)])
    self.change(&machine, 3, to: [Self.b: Self.low, Self.c: Self.high], alive: all, at: 5)
    self.change(
      &machine, 4, to: [Self.b: Self.low, Self.c: half, d: Self.high.subtracting(half)],
      alive: all, at: 10)
    #expect(
      self.silences(machine, at: 15)
        == ["b": .seconds(15), "c": .seconds(15), "d": .seconds(5)])
  }

  @Test func `a node that comes back on the ring and leaves once more begins anew`() {
    var machine = self.makeLeaver()
    self.change(&machine, 3, to: [Self.a: .all], at: 10)
    self.change(&machine, 4, to: [Self.b: Self.low, Self.c: Self.high], at: 20)
    #expect(self.silences(machine, at: 21) == ["b": .seconds(1), "c": .seconds(1)])
  }

  // MARK: - What silence says nothing of

  @Test func `while the ring does not show who is alive silence counts for nothing`() {
    var machine = self.makeLeaver()
    #expect(!self.waitsInVain(&machine, showsWhoLives: false, at: 30))
    #expect(!self.waitsInVain(&machine, at: 44.999))
    #expect(self.waitsInVain(&machine, at: 45))
  }

  @Test func `what others have sent while this node was stopped itself may not have been read`() {
    var machine = self.makeLeaver()
    #expect(!self.waitsInVain(&machine, at: 10))
    let isInVain = machine.waitsInVain(
      silenceMax: Self.silenceMax, showsWhoLives: true, self.at(60))
    #expect(!isInVain)
    #expect(!self.waitsInVain(&machine, at: 74.999))
    #expect(self.waitsInVain(&machine, at: 75))
  }

  @Test func `silence counts from when the node begins to wait, also where it begins once more`() {
    var machine = self.makeLeaver()
    machine.heard(from: Self.b, self.at(10))
    machine.beginsToWait(self.at(20))
    #expect(self.silences(machine, at: 20) == ["b": .zero, "c": .zero])
    #expect(!self.waitsInVain(&machine, at: 34.999))
    #expect(self.waitsInVain(&machine, at: 35))
  }

  @Test func `nothing is kept of what is no member`() {
    var machine = self.makeLeaver()
    let stranger = MemberProcess(id: "x", incarnation: 1)
    machine.heard(from: stranger, self.at(1))
    #expect(machine.signs.heardAt.keys.sorted { $0.id < $1.id } == [Self.b, Self.c])
    self.change(&machine, 3, to: [Self.b: .all], alive: [Self.a, Self.b], at: 2)
    #expect(machine.signs.heardAt.keys.map(\.id) == ["b"])
  }

  @Test func `a node that has not left yet waits for nobody`() {
    var machine = HandoverMachine(own: Self.a)
    self.change(&machine, 1, to: [Self.a: .all], alive: [Self.a], at: 0)
    #expect(!self.waitsInVain(&machine, at: 100))
    #expect(machine.awaitedHeirs(self.at(100)).isEmpty)
  }

  // MARK: - What is left

  @Test func `what is left is counted by those that own it`() {
    let machine = self.makeLeaver()
    var left = LeftBehind(
      machine.awaitedHeirs(self.at(20)), of: .all, silenceMax: Self.silenceMax)
    #expect(left.parts.isEmpty && left == LeftBehind())
    for (hash, bytes) in [(0, 1), (99, 2), (100, 4), (UInt64.max, 8)] {
      left.count(hash: hash, bytes: bytes)
    }
    #expect(left.entries == 4 && left.bytes == 15)
    #expect(left.parts.map(\.heir) == [Self.b, Self.c])
    #expect(left.parts.map(\.entries) == [2, 2] && left.parts.map(\.bytes) == [3, 12])
    #expect(left.parts.allSatisfy { $0.silence == .seconds(20) && $0.isGivenUp })
  }

  @Test func `an entry that nobody is waited for to get is left all the same`() throws {
    var machine = self.makeLeaver()
    try self.claim(&machine, Self.b, Self.low, at: 19)
    var left = LeftBehind(
      machine.awaitedHeirs(self.at(20)).filter { $0.process == Self.b }, of: Self.low,
      silenceMax: Self.silenceMax)
    for hash: UInt64 in [7, 200] { left.count(hash: hash, bytes: 1) }
    #expect(left.entries == 1 && left.parts.map(\.entries) == [1])
    #expect(left.parts.map(\.isGivenUp) == [false])
    var unowned = LeftBehind([], of: Self.low, silenceMax: Self.silenceMax)
    unowned.count(hash: 7, bytes: 1)
    #expect(unowned.entries == 1 && unowned.parts.isEmpty)
  }
}
