import Etcd
import Testing

@testable import Cluster

private let start = ContinuousClock.now

@Suite struct LossHoldTests {
  @Test func `half of the ring may go at once, less than half stays for the hold`() {
    for (count, gone, isHeld) in [
      (1, 1, true), (2, 1, false), (2, 2, true), (3, 1, false), (3, 2, true), (4, 2, false),
      (4, 3, true), (5, 2, false), (5, 3, true),
    ] {
      let ring = (1...count).map { node("n\($0)") }
      var hold = LossHold(duration: .seconds(30))
      let isAdmitted = hold.admits(
        Array(ring.dropFirst(gone)), after: ring, hasLease: true, start)
      #expect(isAdmitted == !isHeld, "\(gone) of \(count)")
    }
  }

  @Test func `a loss that lasts is applied, and availability wins`() {
    var machine = watching([node("a"), node("b"), node("c")], at: 10)
    _ = machine.changed([deletion(keys.node("a"), at: 11)], start)
    #expect(machine.view?.members.count == 2)
    machine = watching([node("a"), node("b"), node("c")], at: 10)
    let gone = [deletion(keys.node("a"), at: 11), deletion(keys.node("b"), at: 11)]
    #expect(machine.changed(gone, start) == [.lossHeld(ids: ["a", "b"])])
    #expect(machine.tick(start + .seconds(29.9)) == [])
    #expect(machine.view == view([node("a"), node("b"), node("c")], 10))
    #expect(
      machine.tick(start + .seconds(30))
        == [.lossApplied(ids: ["a", "b"]), .publish(view([node("c")], 11))])
  }

  @Test func `a loss of which half is made good is an ordinary one`() {
    var machine = watching([node("a"), node("b"), node("c")], at: 10)
    _ = machine.changed(
      [deletion(keys.node("a"), at: 11), deletion(keys.node("b"), at: 11)], start)
    let back = machine.changed([put(stored(node("b"), made: 12))], start + .seconds(1))
    #expect(
      back == [.lossApplied(ids: ["a"]), .publish(view([node("b"), node("c")], 12))])
    #expect(machine.tick(start + .seconds(60)) == [])
  }

  @Test func `without a lease no loss is applied, and the hold begins anew with the lease`() {
    var machine = watching([node("a"), node("b"), node("c")], at: 10)
    _ = machine.changed(
      [deletion(keys.node("a"), at: 11), deletion(keys.node("b"), at: 11)], start)
    _ = machine.stands(.isolated, hasLease: false, start + .seconds(1))
    #expect(machine.tick(start + .seconds(1_000)) == [])
    #expect(machine.view?.members.count == 3 && machine.view?.standing == .isolated)
    let back = start + .seconds(2_000)
    _ = machine.stands(.leased, hasLease: true, back)
    #expect(machine.tick(back + .seconds(29)) == [])
    #expect(machine.tick(back + .seconds(30)).last == .publish(view([node("c")], 11)))
  }

  @Test func `the view does not show who is alive while a loss is held, or there is no lease`() {
    var machine = watching([node("a"), node("b"), node("c")], at: 10)
    _ = machine.stands(.leased, hasLease: true, start)
    #expect(machine.showsWhoLives)
    _ = machine.changed([deletion(keys.node("a"), at: 11)], start)
    #expect(machine.showsWhoLives, "one is off the ring at once")
    _ = machine.changed(
      [deletion(keys.node("b"), at: 12), deletion(keys.node("c"), at: 12)], start)
    #expect(!machine.showsWhoLives)
    _ = machine.tick(start + .seconds(30))
    #expect(machine.showsWhoLives && machine.view?.members.isEmpty == true)
    _ = machine.stands(.majority, hasLease: false, start + .seconds(31))
    #expect(!machine.showsWhoLives)
  }

  @Test func `nodes that say that they leave are believed at once`() {
    var machine = watching([node("a"), node("b"), node("c")], at: 10)
    let (a, b) = (node("a", state: .leaving), node("b", state: .leaving))
    let events = [put(stored(a, made: 10, written: 11)), put(stored(b, made: 10, written: 11))]
    #expect(machine.changed(events, start) == [.publish(view([a, b, node("c")], 11))])
    // They were not on the ring any more. Each revision makes a view.
    let gone = [deletion(keys.node("a"), at: 12), deletion(keys.node("b"), at: 13)]
    #expect(
      machine.changed(gone, start)
        == [.publish(view([b, node("c")], 12)), .publish(view([node("c")], 13))])
  }

  @Test
  func `members that are lost one after the other, and heard of at once, are judged together`() {
    var machine = watching([node("a"), node("b"), node("c"), node("d"), node("e")], at: 10)
    let gone = ["a", "b", "c"].enumerated().map { deletion(keys.node($1), at: Int64(11 + $0)) }
    #expect(machine.changed(gone, start) == [.lossHeld(ids: ["a", "b", "c"])])
    #expect(machine.view?.members.count == 5)
  }

  @Test func `a node that is replaced under its id is not lost`() {
    var machine = watching([node("a")], at: 10)
    let next = node("a", incarnation: 2)
    let notices = machine.changed([put(stored(next, made: 10, written: 11))], start)
    #expect(notices == [.publish(view([next], 11))])
  }

  @Test func `in a new history every loss is held, until nobody is missing or for the hold`() {
    let ring = [node("a"), node("b"), node("c")]
    let two = [node("a"), node("b")]
    for (back, backAt) in [(ring, 1), (two, 30)] {
      var hold = LossHold(duration: .seconds(30))
      hold.historyBegan()
      let first = hold.admits(two, after: ring, hasLease: true, start)
      let second = hold.admits(back, after: ring, hasLease: true, start + .seconds(backAt))
      // Later losses are ordinary ones.
      let third = hold.admits(two, after: ring, hasLease: true, start + .seconds(40))
      #expect([first, second, third] == [false, true, true])
    }
  }
}
