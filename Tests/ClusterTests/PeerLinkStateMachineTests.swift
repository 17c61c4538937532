import GRPC
import NIOCore
import Testing

@testable import Cluster

@Suite struct PeerLinkStateMachineTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

  private var backoff: BackoffConfiguration {
    var backoff = BackoffConfiguration()
    backoff.initial = .milliseconds(100)
    backoff.multiplier = 2
    backoff.max = .milliseconds(300)
    return backoff
  }

  private func at(_ milliseconds: Int64) -> NIODeadline { Self.start + .milliseconds(milliseconds) }

  @Test func `the first call connects, those that follow wait, and then all go out`() {
    var machine = PeerLinkStateMachine(self.backoff)
    #expect(machine.shown == .idle)
    #expect(machine.call(self.at(0)) == .connect)
    #expect(machine.call(self.at(1)) == .wait)
    #expect(machine.shown == .connecting)
    #expect(machine.connected() == true)
    #expect(machine.call(self.at(2)) == .use)
    #expect(machine.shown == .ready)
  }

  @Test
  func `calls to a peer that cannot be reached fail at once, and it is tried again by itself`() {
    var machine = PeerLinkStateMachine(self.backoff)
    #expect(machine.call(self.at(0)) == .connect)
    #expect(machine.failed(self.at(1), chance: 0) == self.at(100))
    #expect(machine.call(self.at(40)) == .fail(retryAfter: .milliseconds(60)))
    #expect(machine.shown == .unreachable)
    #expect(machine.retry(self.at(100)) == true)
    // Nobody waits for the second attempt: it may take as long as connecting may.
    #expect(machine.call(self.at(101)) == .fail(retryAfter: .nanoseconds(0)))
    #expect(machine.connected() == true)
    #expect(machine.call(self.at(102)) == .use)
  }

  @Test func `waits between attempts grow up to their maximum, and begin anew after a success`() {
    var machine = PeerLinkStateMachine(self.backoff)
    #expect(machine.call(self.at(0)) == .connect)
    var now: Int64 = 0
    for wait: Int64 in [100, 200, 300, 300] {
      #expect(machine.failed(self.at(now), chance: 0) == self.at(now + wait))
      now += wait
      #expect(machine.retry(self.at(now)) == true)
    }
    #expect(machine.connected() == true)
    _ = machine.lost(self.at(0), wasSilent: false)
    #expect(machine.call(self.at(now)) == .connect)
    #expect(machine.failed(self.at(now), chance: 0) == self.at(now + 100))
  }

  @Test func `an attempt that took longer than its wait is followed by the next at once`() {
    var machine = PeerLinkStateMachine(self.backoff)
    #expect(machine.call(self.at(0)) == .connect)
    #expect(machine.failed(self.at(2_000), chance: 0) == self.at(2_000))
    #expect(machine.retry(self.at(2_000)) == true)
  }

  @Test func `a lost connection is made again by the next call`() {
    var machine = PeerLinkStateMachine(self.backoff)
    _ = machine.call(self.at(0))
    #expect(machine.connected() == true)
    _ = machine.lost(self.at(0), wasSilent: false)
    #expect(machine.shown == .idle)
    #expect(machine.call(self.at(5)) == .connect)
  }

  @Test func `a link that is closed takes no call, no connection and no attempt`() {
    var machine = PeerLinkStateMachine(self.backoff)
    _ = machine.call(self.at(0))
    machine.close()
    #expect(machine.connected() == false)
    #expect(machine.failed(self.at(1), chance: 0) == nil)
    #expect(machine.retry(self.at(2)) == false)
    #expect(machine.call(self.at(3)) == .fail(retryAfter: .nanoseconds(0)))
    #expect(machine.shown == .closed)
  }

  // MARK: - Silence

  private func ready() -> PeerLinkStateMachine {
    var machine = PeerLinkStateMachine(self.backoff)
    _ = machine.call(self.at(0))
    _ = machine.connected()
    return machine
  }

  @Test func `calls to a suspected peer fail at once, until it says something`() {
    var machine = self.ready()
    #expect(machine.suspect() == true)
    #expect(machine.suspect() == false)
    #expect(machine.shown == .suspected)
    #expect(machine.call(self.at(10)) == .fail(retryAfter: .nanoseconds(0)))
    #expect(machine.failed(self.at(11), chance: 0) == nil)
    #expect(machine.connected() == false)
    machine.clear()
    #expect(machine.call(self.at(20)) == .use)
    machine.clear()
    #expect(machine.shown == .ready)
  }

  @Test func `a silent peer that is lost is connected to by itself, and nobody waits for that`() {
    for isSuspected in [false, true] {
      var machine = self.ready()
      if isSuspected { _ = machine.suspect() }
      #expect(machine.lost(self.at(10), wasSilent: true) == true)
      #expect(machine.shown == .unreachable)
      #expect(machine.call(self.at(11)) == .fail(retryAfter: .nanoseconds(0)))
      #expect(machine.failed(self.at(20), chance: 0) == self.at(110))
      #expect(machine.retry(self.at(110)) == true)
      #expect(machine.connected() == true)
      #expect(machine.call(self.at(111)) == .use)
    }
  }

  @Test func `only what is ready is suspected or lost`() {
    var machine = PeerLinkStateMachine(self.backoff)
    #expect(machine.suspect() == false)
    #expect(machine.lost(self.at(0), wasSilent: true) == false)
    _ = machine.call(self.at(0))
    #expect(machine.suspect() == false)
    #expect(machine.lost(self.at(0), wasSilent: true) == false)
    machine.close()
    #expect(machine.suspect() == false)
    #expect(machine.lost(self.at(0), wasSilent: true) == false)
    #expect(machine.shown == .closed)
  }

  @Test func `an attempt is made sooner than the backoff says where that is asked for`() {
    var machine = PeerLinkStateMachine(self.backoff)
    _ = machine.call(self.at(0))
    #expect(machine.failed(self.at(1), chance: 0, latest: self.at(31)) == self.at(31))
    _ = machine.retry(self.at(31))
    #expect(machine.failed(self.at(500), chance: 0, latest: self.at(10)) == self.at(500))
  }
}
