import CacheStore
import Testing

@testable import Cluster

/// What a node that has lost hashes, and one that gets them back, make of answers that come late, twice or
/// about another time. Node `a` is the one that is looked at.
@Suite struct HandoverMachineTests {
  private let a = MemberProcess(id: "a", incarnation: 1)
  private let b = MemberProcess(id: "b", incarnation: 2)
  private let high = ArcSet([100...UInt64.max])
  private let now = ContinuousClock.now
  private let lostAt = Version(rawValue: 1_000)
  private let newest = Version(rawValue: 2_000)

  private func epoch(_ revision: UInt64) -> Epoch { Epoch(incarnation: 1, revision: revision) }

  private func change(
    _ machine: inout HandoverMachine, _ revision: UInt64, to arcs: [MemberProcess: ArcSet],
    alive: Set<MemberProcess>? = nil
  ) {
    machine.change(
      to: Placement(epoch: self.epoch(revision), arcs: arcs), alive: alive ?? [self.a, self.b],
      clock: self.newest, self.now)
    machine.isInstalled(self.epoch(revision))
  }

  /// Owns everything.
  private func makeOwner() -> HandoverMachine {
    var machine = HandoverMachine(own: self.a)
    self.change(&machine, 1, to: [self.a: .all], alive: [self.a])
    return machine
  }

  private var shared: [MemberProcess: ArcSet] {
    [self.a: ArcSet.all.subtracting(self.high), self.b: self.high]
  }

  /// Has lost the high half by ring 2, and sealed it for `b`.
  private func makeLoser() throws -> HandoverMachine {
    var machine = self.makeOwner()
    self.change(&machine, 2, to: self.shared)
    _ = try machine.seal(
      SealOrder(heir: self.b, epoch: self.epoch(2), arcs: self.high), clock: self.lostAt, self.now)
    return machine
  }

  /// Has got it back by ring 3, from `b`, which says that what it has not is still `a`'s.
  private func makeHeir() throws -> HandoverMachine {
    var machine = try self.makeLoser()
    self.change(&machine, 3, to: [self.a: .all])
    self.answer(&machine, self.order(by: 3))
    return machine
  }

  private func order(by revision: UInt64) -> SealOrder {
    SealOrder(heir: self.a, epoch: self.epoch(revision), arcs: self.high)
  }

  private func answer(_ machine: inout HandoverMachine, _ order: SealOrder) {
    machine.asks(self.b, order)
    let older = Predecessor(self.a, isCertain: true)
    machine.sealed(
      by: self.b, order,
      SealAnswer(
        clock: self.newest, holdings: [.init(arcs: self.high, predecessors: [older])]))
  }

  private func isSealed(_ machine: HandoverMachine, for heir: MemberProcess) -> Bool {
    machine.sealedByHeir[heir]?.contains(200) ?? false
  }

  // MARK: - Forgetting

  @Test func `a join is nothing urgent, for the node that comes and for the one that loses`() throws
  {
    let loser = try self.makeLoser()
    #expect(!loser.losses.isEmpty && !loser.isUrgent)
    var heir = HandoverMachine(own: self.b)
    heir.change(
      to: Placement(epoch: self.epoch(2), arcs: self.shared),
      before: Placement(epoch: self.epoch(1), arcs: [self.a: .all]), alive: [self.a, self.b],
      clock: self.newest, self.now)
    #expect(!heir.gains.isEmpty && !heir.isUrgent)
  }

  @Test func `a node that leaves is urgent, for itself and for its heir, until it has gone`() throws
  {
    var leaving = self.makeOwner()
    self.change(&leaving, 2, to: [self.b: .all])
    #expect(leaving.isUrgent)
    var heir = try self.makeHeir()
    #expect(heir.isUrgent)
    self.change(&heir, 4, to: [self.a: .all], alive: [self.a])
    #expect(!heir.isUrgent)
  }

  @Test func `a node that has left, with nothing, makes no later join urgent`() throws {
    let gone = MemberProcess(id: "gone", incarnation: 3)
    var loser = self.makeOwner()
    self.change(&loser, 2, to: self.shared, alive: [self.a, self.b, gone])
    #expect(!loser.losses.isEmpty && !loser.isUrgent)
    var heir = HandoverMachine(own: self.b)
    heir.change(
      to: Placement(epoch: self.epoch(2), arcs: self.shared),
      before: Placement(epoch: self.epoch(1), arcs: [self.a: .all]),
      alive: [self.a, self.b, gone], clock: self.newest, self.now)
    let order = SealOrder(heir: self.b, epoch: self.epoch(2), arcs: self.high, vias: [])
    heir.asks(gone, order)
    heir.sealed(by: gone, order, SealAnswer(clock: self.newest, holdings: []))
    heir.released(order.arcs, by: gone)
    #expect(!heir.gains.isEmpty && !heir.isUrgent)
  }

  @Test func `hashes that come back while they are being forgotten are cleared, and not served`()
    throws
  {
    var machine = try self.makeLoser()
    machine.handedOver(self.high, to: self.b, by: self.epoch(2))
    let walked = machine.beginForgetting()
    #expect(walked == self.high)
    self.change(&machine, 3, to: [self.a: .all], alive: [self.a])
    #expect(machine.work == [.clearGains(through: self.newest)])
    #expect(machine.arcs(of: .forget).isEmpty, "what is written from now on must stay")
    #expect(machine.arrivals.state(of: 200) == .unsealed)
    // The walk that had begun ends, and says nothing about what has come back.
    machine.endForgetting()
    #expect(machine.arrivals.state(of: 200) == .unsealed)
    machine.gainsCleared(self.high, through: self.newest)
    #expect(machine.arrivals.isEmpty && machine.work.isEmpty)
  }

  @Test func `hashes that are lost during a walk are forgotten by the next one`() throws {
    var machine = try self.makeLoser()
    let half = ArcSet([100...199])
    machine.handedOver(half, to: self.b, by: self.epoch(2))
    let first = machine.beginForgetting()
    #expect(first == half)
    machine.handedOver(self.high, to: self.b, by: self.epoch(2))
    #expect(machine.forgetting == half, "the walk may have passed the others by")
    machine.endForgetting()
    #expect(machine.work == [.forget])
    let second = machine.beginForgetting()
    #expect(second == self.high.subtracting(half))
  }

  // MARK: - Release

  @Test func `a release by an earlier ring does not end what was sealed since`() throws {
    var machine = try self.makeLoser()
    // The heir has lost them and got them back, and what it said in between comes late.
    self.change(&machine, 5, to: self.shared)
    _ = try machine.seal(
      SealOrder(heir: self.b, epoch: self.epoch(5), arcs: self.high), clock: self.newest, self.now)
    machine.handedOver(self.high, to: self.b, by: self.epoch(4))
    #expect(self.isSealed(machine, for: self.b))
    #expect(machine.work.isEmpty)
    machine.handedOver(self.high, to: self.b, by: self.epoch(5))
    #expect(!self.isSealed(machine, for: self.b))
    #expect(machine.work == [.forget])
  }

  @Test func `a release by another than the heir ends nothing`() throws {
    var machine = try self.makeLoser()
    let another = MemberProcess(id: "b", incarnation: 3)
    machine.handedOver(self.high, to: another, by: self.epoch(2))
    #expect(self.isSealed(machine, for: self.b) && !self.isSealed(machine, for: another))
  }

  @Test func `an heir that has died takes with it what was sealed for it`() throws {
    var machine = try self.makeLoser()
    self.change(&machine, 3, to: [self.a: .all], alive: [self.a])
    // What it had written since is lost, and what is older must not come in its stead.
    #expect(machine.work == [.clearGains(through: self.newest)])
    #expect(machine.arrivals.state(of: 200) == .unsealed)
  }

  // MARK: - Late answers

  @Test func `an answer to an order of an earlier time seals nothing`() throws {
    var machine = try self.makeLoser()
    self.change(&machine, 4, to: [self.a: .all])
    self.answer(&machine, self.order(by: 3))
    #expect(machine.arrivals.state(of: 200) == .unsealed)
    self.answer(&machine, self.order(by: 4))
    #expect(
      machine.arrivals.state(of: 200) == .incoming(trustedAbove: self.lostAt))
  }

  @Test func `the end of a stream that was asked for at an earlier time ends nothing`() throws {
    var machine = try self.makeHeir()
    #expect(machine.work == [.stream(self.b)])
    machine.received(self.high, from: self.b, by: self.epoch(2))
    #expect(machine.work == [.stream(self.b)])
    machine.received(self.high, from: self.b, by: self.epoch(3))
    #expect(machine.gains.isEmpty)
  }

  // MARK: - Floors

  @Test func `copies held since before count where the other node has named this one`() throws {
    var machine = try self.makeHeir()
    #expect(machine.hasOlder(than: self.b, by: machine.epoch), "its floors concern them")
    machine.received(self.high, from: self.b, by: self.epoch(3), isFloored: false)
    #expect(machine.gains.isEmpty)
    #expect(machine.work == [.release(self.b)], "there is nothing to clear")
  }

  @Test func `copies held since before are dropped where a floor stands`() throws {
    var machine = try self.makeHeir()
    machine.received(self.high, from: self.b, by: self.epoch(3), isFloored: true)
    // Any of them may have been deleted at the other node, which has forgotten that it was.
    #expect(machine.work.contains(.clearGains(through: self.lostAt)))
    #expect(machine.arrivals.state(of: 200) == .unsealed)
    machine.gainsCleared(self.high, through: self.lostAt)
    #expect(machine.arrivals.isEmpty)
  }

  @Test func `copies held since before are dropped where the other node does not name this one`()
    throws
  {
    var machine = try self.makeLoser()
    self.change(&machine, 3, to: [self.a: .all])
    let order = self.order(by: 3)
    machine.asks(self.b, order)
    machine.sealed(
      by: self.b, order, SealAnswer(clock: self.newest, holdings: [.init(arcs: self.high)]))
    machine.received(self.high, from: self.b, by: self.epoch(3))
    #expect(machine.work.contains(.clearGains(through: self.lostAt)))
  }
}
