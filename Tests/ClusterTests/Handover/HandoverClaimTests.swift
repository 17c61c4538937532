import CacheStore
import Testing

@testable import Cluster

/// Who gets what a node has lost, where rings change faster than entries move. Node `a` is the one that is
/// looked at.
@Suite struct HandoverClaimTests {
  private let a = MemberProcess(id: "a", incarnation: 1)
  private let b = MemberProcess(id: "b", incarnation: 2)
  private let c = MemberProcess(id: "c", incarnation: 3)
  private let now = ContinuousClock.now
  private let clock = Version(rawValue: 1_000)

  private func change(
    _ machine: inout HandoverMachine, _ revision: UInt64, to owner: MemberProcess,
    before: MemberProcess? = nil, alive: Set<MemberProcess>? = nil
  ) {
    let epoch = Epoch(incarnation: 1, revision: revision)
    machine.change(
      to: Placement(epoch: epoch, arcs: [owner: .all]),
      before: before.map { Placement(epoch: epoch, arcs: [$0: .all]) },
      alive: alive ?? [self.a, self.b, self.c], clock: self.clock, self.now)
    machine.isInstalled(epoch)
  }

  /// The only one there is.
  private func makeOwner() -> HandoverMachine {
    var machine = HandoverMachine(own: self.a)
    self.change(&machine, 1, to: self.a, alive: [self.a])
    return machine
  }

  private func seal(
    _ machine: inout HandoverMachine, for heir: MemberProcess, _ revision: UInt64,
    vias: Set<MemberProcess> = []
  ) throws -> [SealAnswer.Holding] {
    let order = SealOrder(
      heir: heir, epoch: Epoch(incarnation: 1, revision: revision), arcs: .all, vias: vias)
    return try machine.seal(order, clock: self.clock, self.now).holdings
  }

  private func answer(
    _ machine: inout HandoverMachine, from process: MemberProcess, _ revision: UInt64,
    vias: Set<MemberProcess> = [], _ holdings: [SealAnswer.Holding]
  ) {
    let order = SealOrder(
      heir: self.a, epoch: Epoch(incarnation: 1, revision: revision), arcs: .all, vias: vias)
    machine.asks(process, order)
    machine.sealed(by: process, order, SealAnswer(clock: self.clock, holdings: holdings))
  }

  /// Has served everything, and given it to `b` by ring 2.
  private func makeLoser() throws -> HandoverMachine {
    var machine = self.makeOwner()
    self.change(&machine, 2, to: self.b)
    #expect(try self.seal(&machine, for: self.b, 2) == [.init(arcs: .all)])
    return machine
  }

  @Test func `what is claimed goes to the one whom the claimant names it to, and to nobody else`()
    throws
  {
    var machine = try self.makeLoser()
    self.change(&machine, 3, to: self.c)
    #expect(try self.seal(&machine, for: self.c, 3) == [])
    #expect(
      try self.seal(&machine, for: self.c, 3, vias: [self.b]) == [.init(arcs: .all, via: self.b)])
    // The answer may be lost on its way.
    #expect(try self.seal(&machine, for: self.c, 3) == [.init(arcs: .all, via: self.b)])
  }

  @Test func `what is got back and lost again before it was served is lost as it was`() throws {
    var machine = try self.makeLoser()
    self.change(&machine, 3, to: self.a)
    self.change(&machine, 4, to: self.b)
    // It has asked for nothing meanwhile, but may have.
    let claims = SealAnswer.Holding(
      arcs: .all, predecessors: [Predecessor(self.b, isCertain: false)], isEmpty: true)
    #expect(try self.seal(&machine, for: self.b, 4) == [claims])
    let holdings = try self.seal(&machine, for: self.b, 4, vias: [self.b])
    #expect(holdings.contains(.init(arcs: .all, via: self.b)))
    #expect(machine.sealedByHeir == [self.b: .all], "its copies are there")
    #expect(!machine.work.contains(.forget))
  }

  @Test func `what was mixed with newer entries before it was lost again counts in its place`()
    throws
  {
    var machine = try self.makeLoser()
    self.change(&machine, 3, to: self.a)
    let named = Predecessor(self.a, isCertain: true)
    self.answer(&machine, from: self.b, 3, [.init(arcs: .all, predecessors: [named])])
    #expect(machine.arrivals.state(of: 7) == .incoming(trustedAbove: self.clock))
    self.change(&machine, 4, to: self.c)
    let older = [
      Predecessor(self.b, isCertain: true),
      Predecessor(self.a, isCertain: true, through: self.clock),
    ]
    #expect(try self.seal(&machine, for: self.c, 4) == [.init(arcs: .all, predecessors: older)])
  }

  @Test func `a claimant's word goes before what a ring lets one think`() {
    // By the rings `c` came before `b`, which says that it was the other way round.
    var machine = HandoverMachine(own: self.a)
    self.change(&machine, 1, to: self.b)
    self.change(&machine, 2, to: self.c)
    self.change(&machine, 3, to: self.a)
    let named = Predecessor(self.c, isCertain: true)
    self.answer(&machine, from: self.c, 3, [])
    self.answer(&machine, from: self.b, 3, [.init(arcs: .all, predecessors: [named])])
    #expect(machine.work == [.seal(self.c, vias: [self.b])])
    self.answer(&machine, from: self.c, 3, vias: [self.b], [.init(arcs: .all, via: self.b)])
    #expect(machine.gain(of: 7)?.holders.map(\.process) == [self.b, self.c])
  }

  @Test func `a new node asks everybody where nobody has anything that it knows of`() {
    var machine = HandoverMachine(own: self.a)
    self.change(&machine, 1, to: self.a, before: self.b)
    #expect(machine.work == [.seal(self.b, vias: [])])
    self.answer(&machine, from: self.b, 1, [])
    #expect(machine.work == [.seal(self.b, vias: []), .seal(self.c, vias: [])])
    self.answer(&machine, from: self.b, 1, [])
    self.answer(&machine, from: self.c, 1, [.init(arcs: .all)])
    #expect(machine.work == [.stream(self.c), .release(self.b)])
  }

  @Test func `nobody is waited for who does not ask for what a node was to get, and never had`() {
    var machine = HandoverMachine(own: self.a)
    self.change(&machine, 1, to: self.b)
    self.change(&machine, 2, to: self.a)
    let order = SealOrder(heir: self.a, epoch: machine.epoch, arcs: .all, vias: [])
    machine.asks(self.b, order)
    // Refused, as the other goes by the next ring already: it has what there is.
    self.change(&machine, 3, to: self.b)
    #expect(machine.awaited(self.now).count == 1)
    #expect(machine.awaited(self.now + HandoverMachine.emptyMax).isEmpty)
  }

  @Test func `what nobody comes for is kept while the node leaves, and for a while else`() throws {
    var machine = self.makeOwner()
    self.change(&machine, 2, to: self.b)
    machine.keepsUnclaimed = true
    machine.tick(self.now + .seconds(3_600))
    #expect(machine.awaited(self.now + .seconds(3_600)).count == 1)
    machine.keepsUnclaimed = false
    machine.tick(self.now + .seconds(3_600))
    #expect(machine.awaited(self.now + .seconds(3_600)).isEmpty)
  }
}
