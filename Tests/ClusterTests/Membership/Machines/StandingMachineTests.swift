import Testing

@testable import Cluster

private let start = ContinuousClock.now
private let ring = [node("a"), node("b"), node("c"), node("d", state: .joining)]

@Suite struct StandingMachineTests {
  @Test func `a node that never had a lease is isolated`() {
    let machine = machine()
    #expect(machine.standing == .isolated && !machine.hasLease)
    #expect(machine.wantsSurvey(start) && machine.report(start) == .cutOff)
  }

  @Test func `a lease counts until its time is over, and an extension extends it`() {
    var machine = machine()
    machine.held(until: start + .seconds(10), start)
    #expect(machine.standing == .leased && machine.report(start) == .reachesEtcd)
    machine.held(until: start + .seconds(13), start + .seconds(3))
    machine.tick(start + .seconds(12.9))
    #expect(machine.standing == .leased)
    machine.tick(start + .seconds(13))
    #expect(machine.standing == .isolated)
  }

  @Test func `a lease whose time is over when it is heard of is none`() {
    var machine = machine()
    machine.held(until: start, start)
    #expect(!machine.hasLease)
  }

  @Test func `the others are asked before the lease ends, so that there is no gap`() {
    var machine = machine()
    machine.held(until: start + .seconds(10), start)
    #expect(!machine.wantsSurvey(start + .seconds(6.9)))
    #expect(machine.wantsSurvey(start + .seconds(7)))
    #expect(machine.report(start + .seconds(7)) == .cutOff)
    machine.surveyed(
      ["b": .cutOff], by: "a", of: ring, began: start + .seconds(9), start + .seconds(9.5))
    #expect(machine.standing == .leased && machine.servingEnd == .at(start + .seconds(13)))
    machine.tick(start + .seconds(10))
    #expect(machine.standing == .majority)
  }

  @Test func `what a survey says holds for a time from its beginning, and no longer`() {
    var machine = machine()
    machine.surveyed(["b": .cutOff], by: "a", of: ring, began: start, start + .seconds(1))
    #expect(machine.servingEnd == .at(start + .seconds(4)))
    machine.tick(start + .seconds(3.9))
    #expect(machine.standing == .majority)
    machine.surveyed(
      ["b": .cutOff], by: "a", of: ring, began: start + .seconds(3), start + .seconds(3.9))
    machine.tick(start + .seconds(6.9))
    #expect(machine.standing == .majority && machine.servingEnd == .at(start + .seconds(7)))
    machine.tick(start + .seconds(7))
    #expect(machine.standing == .isolated && machine.servingEnd == .passed)
    // The node was stopped while it asked.
    machine.surveyed(
      ["b": .cutOff], by: "a", of: ring, began: start + .seconds(8), start + .seconds(12))
    #expect(machine.standing == .isolated && machine.servingEnd == .passed)
  }

  @Test(
    arguments: [
      ([:], .isolated), (["b": .cutOff], .majority), (["b": .cutOff, "c": .cutOff], .majority),
      (["b": .reachesEtcd], .isolated), (["b": .cutOff, "c": .reachesEtcd], .isolated),
      // Not on the ring, not counted; nor is the node's own answer.
      (["d": .cutOff], .isolated), (["a": .cutOff], .isolated), (["x": .reachesEtcd], .isolated),
      (["b": .cutOff, "d": .reachesEtcd], .majority),
    ] as [([String: PeerReport], ClusterView.Standing)])
  func `a group of more than half serves on if nobody in it reaches etcd`(
    _ reports: [String: PeerReport], _ standing: ClusterView.Standing
  ) {
    var machine = machine()
    machine.surveyed(reports, by: "a", of: ring, began: start, start)
    #expect(machine.standing == standing)
  }

  @Test func `half of a ring is no majority, and all of a ring of one is`() {
    var machine = machine()
    let two = [node("a"), node("b")]
    machine.surveyed([:], by: "a", of: two, began: start, start)
    #expect(machine.standing == .isolated)
    machine.surveyed([:], by: "a", of: [node("a")], began: start, start)
    #expect(machine.standing == .majority)
    // One that is on no ring has nothing to serve.
    machine.surveyed([:], by: "x", of: [], began: start, start)
    #expect(machine.standing == .isolated)
  }

  @Test func `what a survey said is forgotten when the lease is good again`() {
    var machine = machine()
    machine.surveyed(["b": .cutOff], by: "a", of: ring, began: start, start)
    machine.held(until: start + .seconds(10), start)
    machine.lost()
    #expect(machine.standing == .isolated)
  }

  @Test func `a node that is told to serve on does`() {
    var machine = StandingMachine(
      servesWithoutLease: true, surveyLead: .seconds(3), surveyAgeMax: .seconds(4))
    machine.surveyed(["b": .reachesEtcd], by: "a", of: ring, began: start, start)
    #expect(machine.standing == .majority && !machine.hasLease && machine.servingEnd == .never)
  }

  private func machine() -> StandingMachine {
    StandingMachine(
      servesWithoutLease: false, surveyLead: .seconds(3), surveyAgeMax: .seconds(4))
  }
}
