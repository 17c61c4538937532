import Etcd
import Testing

@testable import Cluster

private let start = ContinuousClock.now

@Suite struct MembershipMachineTests {
  // MARK: - The first list

  @Test func `the first node of a cluster writes its incarnation before it watches`() {
    var machine = MembershipMachine(keys, id: "a", lossHold: .seconds(30))
    #expect(machine.step == .list)
    #expect(machine.listed(listing([], at: 7), start) == [])
    #expect(machine.step == .raise(to: 1, replacing: .current))
    machine.raised()
    #expect(machine.step == .list)
    let notices = machine.listed(listing([incarnation(1, at: 8)], at: 8), start)
    #expect(machine.step == .watch && machine.watchFrom == Revision(rawValue: 9))
    let view = ClusterView(
      epoch: Epoch(incarnation: 1, revision: 8), members: [], standing: .isolated)
    #expect(notices == [.own(nil, at: Revision(rawValue: 8)), .publish(view)])
  }

  @Test func `the epoch is that of the last change, so that nodes which list later have the same`()
  {
    let keyValues = [incarnation(2, at: 3), stored(node("b"), made: 5), stored(node("a"), made: 4)]
    for revision in [5, 100] as [Int64] {
      var machine = MembershipMachine(keys, id: "a", lossHold: .seconds(30))
      _ = machine.listed(listing(keyValues, at: revision), start)
      #expect(machine.view?.epoch == Epoch(incarnation: 2, revision: 5))
      #expect(machine.view?.members == [node("a"), node("b")])
    }
  }

  @Test(arguments: ["", "x", "-1", "0", "18446744073709551616"])
  func `an incarnation that is no number is replaced`(_ text: String) {
    var machine = MembershipMachine(keys, id: "a", lossHold: .seconds(30))
    _ = machine.listed(
      listing([stored(keys.incarnation, Array(text.utf8), made: 2, written: 6)], at: 9), start)
    #expect(machine.step == .raise(to: 1, replacing: Revision(rawValue: 6)))
  }

  // MARK: - Changes

  @Test func `a change is published with its revision`() {
    var machine = watching([node("a")], at: 10)
    #expect(
      machine.changed([put(stored(node("b"), made: 12))], start)
        == [.publish(view([node("a"), node("b")], 12))])
    #expect(
      machine.changed([deletion(keys.node("b"), at: 15)], start)
        == [.publish(view([node("a")], 15))])
    #expect(machine.watchFrom == Revision(rawValue: 16))
  }

  @Test func `what happened at once is published at once`() {
    var machine = watching([node("a"), node("b")], at: 10)
    let notices = machine.changed(
      [deletion(keys.node("b"), at: 11), put(stored(node("c"), made: 11))], start)
    #expect(notices == [.publish(view([node("a"), node("c")], 11))])
  }

  @Test func `an event that the list had already is passed over`() {
    var machine = watching([node("a")], at: 10)
    #expect(machine.changed([deletion(keys.node("a"), at: 10)], start) == [])
    #expect(machine.view?.members == [node("a")])
  }

  @Test func `the node's own record is told of, as it is put and as it goes`() {
    var machine = watching([node("me"), node("b")], at: 10)
    let other = node("me", incarnation: 9)
    #expect(
      machine.changed([put(stored(other, made: 1, written: 11))], start).first
        == .own(other, at: Revision(rawValue: 11)))
    #expect(
      machine.changed([deletion(keys.node("me"), at: 12)], start).first
        == .own(nil, at: Revision(rawValue: 12)))
  }

  @Test func `a malformed record is told of once, and the member is gone`() {
    var machine = watching([node("a"), node("b")], at: 10)
    let junk = stored(keys.node("b"), Array("junk".utf8), made: 1, written: 11)
    let notices = machine.changed([put(junk)], start)
    guard case .malformed(let faults)? = notices.first else {
      Issue.record("not told of: \(notices)")
      return
    }
    #expect(faults.map(\.key) == [keys.node("b")])
    #expect(notices.last == .publish(view([node("a")], 11)))
    #expect(machine.tick(start) == [])
  }

  @Test func `a key beside the nodes changes no epoch`() {
    var machine = watching([node("a")], at: 10)
    let notices = machine.changed(
      [put(stored(keys.nodes + "x/y", Array("{}".utf8), made: 11))], start)
    #expect(machine.view?.epoch == Epoch(incarnation: 1, revision: 10) && notices.count == 1)
  }

  // MARK: - The watch ends

  @Test func `after a compaction the list shows what was missed`() {
    var machine = watching([node("a"), node("b")], at: 10)
    machine.watchEnded(.compacted(at: Revision(rawValue: 20)))
    #expect(machine.step == .list)
    let missed = listing(
      [incarnation(1, at: 1), stored(node("a"), made: 10), stored(node("c"), made: 15)], at: 21)
    let notices = machine.listed(missed, start)
    // The deletion of b, which no list dates, was at 21 at the latest.
    #expect(notices.contains(.publish(view([node("a"), node("c")], 21, tenure: 1))))
    #expect(machine.step == .watch && machine.watchFrom == Revision(rawValue: 22))
  }

  @Test func `a list that shows nothing new changes no epoch`() {
    var machine = watching([node("a"), node("b")], at: 10)
    machine.watchEnded(.cancelled(reason: "test"))
    let same = listing(
      [incarnation(1, at: 1), stored(node("a"), made: 10), stored(node("b"), made: 10)], at: 90)
    #expect(
      machine.listed(same, start) == [
        .own(nil, at: Revision(rawValue: 90)),
        .publish(view([node("a"), node("b")], 10, tenure: 1)),
      ])
    #expect(machine.watchFrom == Revision(rawValue: 91))
  }

  @Test func `where revisions were skipped another ring may have come and gone`() {
    for (revision, tenure) in [(10, 0), (11, 1)] as [(Int64, UInt64)] {
      var machine = watching([node("me"), node("b")], at: 10)
      machine.watchEnded(.compacted(at: Revision(rawValue: revision)))
      // A node that joined at 11 and left at 12 would have left no trace but these.
      let same = listing(
        [incarnation(1, at: 1), stored(node("me"), made: 10), stored(node("b"), made: 10)],
        at: revision)
      _ = machine.listed(same, start)
      #expect(machine.view?.tenure == tenure && machine.step == .watch)
      _ = machine.changed([put(stored(node("c"), made: 20))], start)
      #expect(machine.view?.tenure == tenure)
    }
  }

  // MARK: - New histories

  @Test func `an etcd that comes back empty has its incarnation raised above the old one`() {
    var machine = watching([node("a"), node("b"), node("c")], at: 10, incarnation: 4)
    machine.watchEnded(
      .newHistory(seen: Revision(rawValue: 10), found: Revision(rawValue: 1)))
    #expect(machine.listed(listing([], at: 1), start) == [])
    #expect(machine.step == .raise(to: 5, replacing: .current))
    machine.raised()
    let notices = machine.listed(listing([incarnation(5, at: 2)], at: 2), start)
    #expect(notices.first == .newHistory(incarnation: 5))
    // The registry is empty, the nodes are not gone.
    #expect(notices.contains(.lossHeld(ids: ["a", "b", "c"])))
    #expect(machine.view?.members.count == 3)
    // One after the other they register again.
    for (index, id) in ["a", "b"].enumerated() {
      #expect(machine.changed([put(stored(node(id), made: 3 + Int64(index)))], start) == [])
    }
    let last = machine.changed([put(stored(node("c"), made: 5))], start)
    #expect(last == [.publish(view([node("a"), node("b"), node("c")], 5, incarnation: 5))])
  }

  @Test func `a restored etcd with the old incarnation has it raised, even with a higher revision`()
  {
    var machine = watching([node("a")], at: 10, incarnation: 4)
    machine.watchEnded(.newHistory(seen: Revision(rawValue: 10), found: Revision(rawValue: 8)))
    _ = machine.listed(
      listing([incarnation(4, at: 1), stored(node("a"), made: 2)], at: 50), start)
    #expect(machine.step == .raise(to: 5, replacing: Revision(rawValue: 1)))
  }

  @Test func `a list below what was seen shows a new history by itself`() {
    var machine = watching([node("a")], at: 10)
    machine.watchEnded(.cancelled(reason: "test"))
    _ = machine.listed(listing([incarnation(1, at: 1)], at: 9), start)
    #expect(machine.step == .raise(to: 2, replacing: Revision(rawValue: 1)))
  }

  @Test func `one node raises the incarnation, and the others take it over`() {
    var machine = watching([node("a")], at: 10)
    machine.watchEnded(.newHistory(seen: Revision(rawValue: 10), found: Revision(rawValue: 3)))
    let notices = machine.listed(
      listing([incarnation(2, at: 2), stored(node("a"), made: 3)], at: 3), start)
    #expect(notices.first == .newHistory(incarnation: 2) && machine.step == .watch)
    #expect(machine.view?.epoch == Epoch(incarnation: 2, revision: 3))
  }

  @Test func `an incarnation that another node raises is seen by the watch`() {
    var machine = watching([node("a")], at: 10)
    #expect(machine.changed([put(incarnation(2, at: 11))], start) == [])
    #expect(machine.step == .list)
  }

  @Test func `an incarnation that somebody deletes or lowers is raised again`() {
    for event in [deletion(keys.incarnation, at: 11), put(incarnation(1, at: 11))] {
      var machine = watching([node("a")], at: 10, incarnation: 3)
      _ = machine.changed([event], start)
      #expect(machine.step == .list)
      let found = event.kind == .delete ? [] : [event.keyValue]
      _ = machine.listed(listing(found, at: 11), start)
      #expect(
        machine.step
          == .raise(to: 4, replacing: found.first?.modRevision ?? .current))
    }
  }

  @Test func `an epoch of a newer history that a peer shows is a reason to look`() {
    var machine = watching([node("a")], at: 10)
    machine.heard(incarnation: 1)
    #expect(machine.step == .watch)
    machine.heard(incarnation: 2)
    #expect(machine.step == .list)
    // It was mistaken: the watch goes on where it was, and misses nothing.
    let same = listing([incarnation(1, at: 1), stored(node("a"), made: 10)], at: 90)
    #expect(machine.listed(same, start) == [])
    #expect(machine.step == .watch && machine.watchFrom == Revision(rawValue: 11))
    #expect(machine.view?.tenure == 0)
  }

  // MARK: - Audits

  @Test func `an audit finds what a dead watch did not show`() {
    var machine = watching([node("a")], at: 10)
    let mark = machine.auditMark ?? none
    let found = listing(
      [incarnation(1, at: 1), stored(node("a"), made: 10), stored(node("b"), made: 12)], at: 13)
    let isAhead = machine.audited(found, since: mark)
    #expect(isAhead && machine.step == .watch)
    machine.missed(found, since: mark)
    #expect(machine.step == .list)
    let notices = machine.listed(found, start)
    #expect(notices.last == .publish(view([node("a"), node("b")], 12, tenure: 1)))
    // The events that come late are passed over.
    #expect(machine.changed([put(stored(node("b"), made: 12))], start) == [])
  }

  @Test func `an audit that is ahead of the watch hides nothing that came and went`() {
    var machine = watching([node("a")], at: 10)
    let mark = machine.auditMark ?? none
    let same = listing([incarnation(1, at: 1), stored(node("a"), made: 10)], at: 13)
    let isAheadAtFirst = machine.audited(same, since: mark)
    #expect(!isAheadAtFirst)
    // The watch is slower.
    let joined = machine.changed([put(stored(node("b"), made: 11))], start)
    #expect(joined == [.publish(view([node("a"), node("b")], 11))])
    let isAhead = machine.audited(same, since: mark)
    #expect(isAhead)
    let left = machine.changed([deletion(keys.node("b"), at: 12)], start)
    #expect(left == [.publish(view([node("a")], 12))])
    machine.missed(same, since: mark)
    #expect(machine.step == .watch)
  }

  @Test func `an audit that the watch has overtaken says nothing`() {
    var machine = watching([node("a")], at: 10)
    let mark = machine.auditMark ?? none
    _ = machine.changed([put(stored(node("b"), made: 14))], start)
    let late = listing([incarnation(1, at: 1), stored(node("a"), made: 10)], at: 12)
    let isAhead = machine.audited(late, since: mark)
    #expect(!isAhead)
    machine.missed(late, since: mark)
    #expect(machine.view?.members.count == 2 && machine.step == .watch)
  }

  @Test func `an audit finds a new history`() {
    for found in [
      listing([incarnation(1, at: 1)], at: 9), listing([incarnation(2, at: 1)], at: 99),
      listing([], at: 99),
    ] {
      var machine = watching([node("a")], at: 10)
      let mark = machine.auditMark ?? none
      let isAhead = machine.audited(found, since: mark)
      #expect(!isAhead)
      #expect(machine.step == .list)
    }
  }

  @Test func `an audit that a new history has overtaken says nothing`() {
    var machine = watching([node("a")], at: 100)
    let mark = machine.auditMark ?? none
    machine.watchEnded(.newHistory(seen: Revision(rawValue: 100), found: Revision(rawValue: 2)))
    let new = listing([incarnation(2, at: 2), stored(node("a"), made: 3)], at: 3)
    _ = machine.listed(new, start)
    let isAhead = machine.audited(new, since: mark)
    #expect(!isAhead)
    machine.missed(new, since: mark)
    #expect(machine.step == .watch)
  }

  // MARK: - Every step, every event

  @Test func `an event that does not belong to the step changes nothing`() {
    let late = listing([incarnation(9, at: 1)], at: 99)
    var listing = MembershipMachine(keys, id: "me", lossHold: .seconds(30))
    var raising = listing
    _ = raising.listed(Tests.empty, start)
    var watching = watching([node("a")], at: 10)
    #expect(raising.step == .raise(to: 1, replacing: .current))

    for machine in [listing, raising] {
      var machine = machine
      let step = machine.step
      machine.watchEnded(.compacted(at: .current))
      machine.heard(incarnation: 7)
      #expect(machine.changed([put(stored(node("b"), made: 99))], start) == [])
      let isAhead = machine.audited(late, since: none)
      #expect(!isAhead)
      machine.missed(late, since: none)
      #expect(machine.tick(start) == [] && machine.stands(.leased, hasLease: true, start) == [])
      #expect(machine.step == step && machine.view == nil)
    }
    listing.raised()
    #expect(listing.step == .list)
    #expect(raising.listed(late, start) == [] && raising.step != .watch)
    watching.raised()
    #expect(watching.listed(late, start) == [] && watching.step == .watch)
    #expect(watching.view?.epoch.incarnation == 1)
  }

  private enum Tests {
    static let empty = listing([], at: 1)
  }

  private let none = AuditMark(incarnation: 0, revision: .current)
}

/// A machine that watches these members, made at `revision`, and whose node is `me`.
func watching(
  _ members: [Member], at revision: Int64, incarnation value: UInt64 = 1
) -> MembershipMachine {
  var machine = MembershipMachine(keys, id: "me", lossHold: .seconds(30))
  _ = machine.stands(.leased, hasLease: true, start)
  let keyValues = [incarnation(value, at: 1)] + members.map { stored($0, made: revision) }
  _ = machine.listed(listing(keyValues, at: revision), start)
  return machine
}

func view(
  _ members: [Member], _ revision: UInt64, incarnation: UInt64 = 1,
  standing: ClusterView.Standing = .leased, tenure: UInt64 = 0
) -> ClusterView {
  ClusterView(
    epoch: Epoch(incarnation: incarnation, revision: revision), members: members,
    standing: standing, tenure: tenure)
}
