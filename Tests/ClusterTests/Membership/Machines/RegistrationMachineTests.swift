import Etcd
import Testing

@testable import Cluster

private let lease = LeaseID(rawValue: 1)
private let another = LeaseID(rawValue: 2)

@Suite struct RegistrationMachineTests {
  private let me = node("me", incarnation: 100)

  @Test func `a node whose key is not there registers at once`() {
    var machine = RegistrationMachine(me)
    #expect(machine.lease == nil)
    #expect(machine.begin(lease) == .claim(me, lease, replacing: .current))
    #expect(machine.claimed(lease, at: revision(5)) == .none)
    #expect(machine.lease == lease)
  }

  @Test func `others may see a node from when it writes its key, before it knows that it has`() {
    var machine = RegistrationMachine(me)
    #expect(!machine.mayBeThere)
    _ = machine.begin(lease)
    #expect(machine.mayBeThere)
    _ = machine.found(node("me", incarnation: 7, host: "elsewhere"), lease, at: revision(3))
    #expect(!machine.mayBeThere, "the key is somebody else's")
    _ = machine.probed(isTaken: false)
    _ = machine.claimed(lease, at: revision(4))
    #expect(machine.mayBeThere)
  }

  // MARK: - A key that is there

  @Test(arguments: [1, 99, 100, 5_000] as [UInt64])
  func `a leftover of the last process is replaced, with a higher incarnation`(_ old: UInt64) {
    var machine = RegistrationMachine(me)
    _ = machine.begin(lease)
    // After a clock that went back the old one may be higher.
    let next = me.with(incarnation: max(100, old + 1))
    #expect(
      machine.found(node("me", incarnation: old), lease, at: revision(3))
        == .claim(next, lease, replacing: revision(3)))
    #expect(machine.claimed(lease, at: revision(4)) == .none)
    #expect(machine.member == next)
  }

  @Test func `a malformed record is replaced`() {
    var machine = RegistrationMachine(me)
    _ = machine.begin(lease)
    #expect(machine.found(nil, lease, at: revision(3)) == .claim(me, lease, replacing: revision(3)))
  }

  @Test func `another address that answers keeps the id`() {
    var machine = RegistrationMachine(me)
    _ = machine.begin(lease)
    let other = node("me", incarnation: 7, host: "elsewhere")
    #expect(machine.found(other, lease, at: revision(3)) == .probe(other))
    #expect(
      machine.probed(isTaken: true) == .refuse(.idTaken(id: "me", address: "elsewhere:7600")))
    #expect(machine.begin(another) == .none)
  }

  @Test func `another address that does not answer is a leftover`() {
    var machine = RegistrationMachine(me)
    _ = machine.begin(lease)
    let other = node("me", incarnation: 200, host: "elsewhere")
    _ = machine.found(other, lease, at: revision(3))
    #expect(
      machine.probed(isTaken: false)
        == .claim(me.with(incarnation: 201), lease, replacing: revision(3)))
  }

  @Test func `the node's own key under its last lease keeps its incarnation`() {
    var machine = registered()
    #expect(machine.begin(another) == .claim(me, another, replacing: .current))
    #expect(
      machine.found(me, another, at: revision(5)) == .claim(me, another, replacing: revision(5)))
    #expect(machine.claimed(another, at: revision(6)) == .none)
    #expect(machine.lease == another && machine.member == me)
  }

  @Test func `a key that a later process has taken over stays with it`() {
    var machine = registered()
    _ = machine.begin(another)
    #expect(
      machine.found(node("me", incarnation: 101), another, at: revision(9))
        == .refuse(.replaced(id: "me", address: "host-me:7600")))
  }

  // MARK: - What the watch shows

  @Test func `a key that somebody deletes is put back`() {
    var machine = registered()
    #expect(machine.observed(nil, at: revision(9)) == .claim(me, lease, replacing: .current))
    // Once: the answer is awaited.
    #expect(machine.observed(nil, at: revision(10)) == .none)
  }

  @Test func `what was before the registration says nothing`() {
    var machine = registered()
    #expect(machine.observed(nil, at: revision(4)) == .none)
    #expect(machine.observed(nil, at: revision(5)) == .none)
    #expect(machine.observed(node("me", incarnation: 200), at: revision(4)) == .none)
    #expect(machine.lease == lease)
  }

  @Test func `a later process that registers under the id ends this one`() {
    var machine = registered()
    #expect(
      machine.observed(node("me", incarnation: 101, host: "elsewhere"), at: revision(9))
        == .refuse(.replaced(id: "me", address: "elsewhere:7600")))
    #expect(machine.begin(another) == .none)
  }

  @Test func `an earlier process that registers under the id is replaced`() {
    var machine = registered()
    #expect(
      machine.observed(node("me", incarnation: 7), at: revision(9))
        == .claim(me, lease, replacing: .current))
  }

  @Test func `a record that an operator has edited stays`() {
    var machine = registered()
    #expect(
      machine.observed(node("me", incarnation: 100, weight: 3), at: revision(9)) == .none)
    #expect(machine.lease == lease)
  }

  @Test func `in a new history revisions count anew`() {
    var machine = registered()
    machine.historyBegan()
    #expect(machine.observed(nil, at: revision(2)) == .claim(me, lease, replacing: .current))
  }

  // MARK: - Changes and late answers

  @Test func `another state is written in place`() {
    var machine = registered()
    let leaving = me.with(state: .leaving)
    #expect(
      machine.change(to: .leaving) == .claim(leaving, lease, replacing: revision(5)))
    #expect(machine.claimed(lease, at: revision(6)) == .none)
    #expect(machine.begin(another) == .claim(leaving, another, replacing: .current))
  }

  @Test func `another state that comes while the key is written is written after it`() {
    var machine = registered()
    _ = machine.begin(another)
    #expect(machine.change(to: .leaving) == .none)
    #expect(
      machine.claimed(another, at: revision(6))
        == .claim(me.with(state: .leaving), another, replacing: revision(6)))
    #expect(machine.claimed(another, at: revision(7)) == .none && machine.lease == another)
  }

  @Test func `another weight is written, and stays under another lease`() {
    var machine = registered()
    let heavy = me.with(weight: 2.5)
    #expect(heavy.weight == 2.5 && heavy.with(state: .leaving).weight == 2.5)
    #expect(machine.change(weight: 2.5) == .claim(heavy, lease, replacing: revision(5)))
    #expect(machine.claimed(lease, at: revision(6)) == .none && machine.member == heavy)
    #expect(machine.begin(another) == .claim(heavy, another, replacing: .current))
  }

  @Test func `weights that come while the key is written are written after it, the last one`() {
    var machine = registered()
    _ = machine.change(weight: 2)
    #expect(machine.change(weight: 3) == .none && machine.change(weight: 4) == .none)
    #expect(
      machine.claimed(lease, at: revision(6))
        == .claim(me.with(weight: 4), lease, replacing: revision(6)))
    #expect(machine.claimed(lease, at: revision(7)) == .none)
  }

  @Test func `the weight that there is already is written all the same`() {
    // Somebody may have edited the record.
    var machine = registered()
    #expect(machine.change(weight: 1) == .claim(me, lease, replacing: revision(5)))
  }

  @Test func `a state from before the registration is registered`() {
    var machine = RegistrationMachine(me)
    #expect(machine.change(to: .joining) == .none)
    #expect(machine.begin(lease) == .claim(me.with(state: .joining), lease, replacing: .current))
  }

  @Test func `an answer about an earlier lease says nothing`() {
    var machine = RegistrationMachine(me)
    _ = machine.begin(lease)
    _ = machine.begin(another)
    #expect(machine.claimed(lease, at: revision(5)) == .none && machine.lease == nil)
    #expect(machine.found(node("me", incarnation: 1), lease, at: revision(5)) == .none)
    #expect(machine.claimed(another, at: revision(6)) == .none && machine.lease == another)
  }

  @Test func `an answer that got lost is asked for again, while it is awaited`() {
    var machine = registered()
    #expect(machine.retry() == .none)
    _ = machine.begin(another)
    #expect(machine.retry() == .claim(me, another, replacing: .current))
  }

  @Test func `an event that does not belong to the state changes nothing`() {
    var idle = RegistrationMachine(me)
    #expect(idle.found(me, lease, at: revision(1)) == .none)
    #expect(idle.probed(isTaken: true) == .none && idle.retry() == .none)
    #expect(idle.observed(nil, at: revision(9)) == .none)
    #expect(idle.claimed(lease, at: revision(1)) == .none)
    idle.historyBegan()
    #expect(idle.lease == nil)
    var machine = registered()
    #expect(machine.found(me, lease, at: revision(9)) == .none)
    #expect(machine.probed(isTaken: true) == .none)
    #expect(machine.lease == lease)
  }

  @Test func `what is seen before the answer to a claim counts when that comes`() {
    var replaced = RegistrationMachine(me)
    _ = replaced.begin(lease)
    #expect(replaced.observed(node("me", incarnation: 200), at: revision(6)) == .none)
    #expect(
      replaced.claimed(lease, at: revision(5))
        == .refuse(.replaced(id: "me", address: node("me", incarnation: 200).address)))
    var deleted = RegistrationMachine(me)
    _ = deleted.begin(lease)
    #expect(deleted.observed(nil, at: revision(6)) == .none)
    #expect(deleted.claimed(lease, at: revision(5)) == .claim(me, lease, replacing: .current))
    // What was seen is what was claimed.
    #expect(deleted.observed(me, at: revision(7)) == .none)
    #expect(deleted.claimed(lease, at: revision(7)) == .none)
  }

  private func registered() -> RegistrationMachine {
    var machine = RegistrationMachine(me)
    _ = machine.begin(lease)
    _ = machine.claimed(lease, at: revision(5))
    return machine
  }

  private func revision(_ value: Int64) -> Revision { Revision(rawValue: value) }
}
