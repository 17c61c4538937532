import Testing

@testable import Etcd

/// Times are seconds since the test began; the lease is of 9 seconds, so that it is renewed every 3.
@Suite struct LeaseMachineTests {
  private let id = LeaseID(rawValue: 7)

  // MARK: - Granting

  @Test func `a lease is asked for once, and counts from then`() {
    var machine = Simulated()
    #expect(machine.next(1) == .grant)
    #expect(machine.next(2) == .waitForGrant)
    // The answer takes two seconds, which are not added.
    #expect(machine.granted(id, 9) == 10)
    #expect(machine.until == 10)
  }

  @Test func `grants that fail are repeated, later each time`() {
    var machine = Simulated()
    #expect(machine.next(0) == .grant)
    machine.grantFailed(0)
    #expect(machine.next(0) == .wait(1))
    #expect(machine.next(1) == .grant)
    machine.grantFailed(2)
    #expect(machine.next(3.9) == .wait(4))
    #expect(machine.next(4) == .grant)
  }

  @Test func `an answer to no question is ignored`() {
    var machine = Simulated()
    #expect(machine.granted(id, 9) == nil)
    machine.grantFailed(0)
    #expect(machine.next(0) == .grant)
    #expect(machine.renewed(id, 9, at: 1) == .ignored)
    #expect(machine.granted(id, 9) == 9)
    #expect(machine.granted(LeaseID(rawValue: 8), 9) == nil)
    machine.grantFailed(1)
    #expect(machine.until == 9)
  }

  // MARK: - Renewing

  @Test func `a lease is renewed every third of its time, and counts from the sending`() {
    var machine = Simulated.held(id)
    #expect(machine.next(0) == .wait(3))
    #expect(machine.next(3) == .renew(id))
    // However long the answer takes, etcd had the request at 3 at the earliest.
    #expect(machine.renewed(id, 9, at: 5.5) == .held(12))
    #expect(machine.next(5.5) == .wait(6))
    #expect(machine.next(6) == .renew(id))
    #expect(machine.until == 12)
    #expect(machine.renewed(id, 9, at: 6.1) == .held(15))
  }

  @Test func `a longer or shorter time that etcd answers is taken over`() {
    var machine = Simulated.held(id)
    #expect(machine.next(3) == .renew(id))
    #expect(machine.renewed(id, 30, at: 3) == .held(33))
    #expect(machine.next(6) == .wait(13))
    #expect(machine.next(13) == .renew(id))
    // Earlier than before: it is what etcd goes by from now on.
    #expect(machine.renewed(id, 6, at: 13) == .held(19))
    #expect(machine.next(14) == .wait(15))
  }

  @Test func `an answer that does not come in time is asked for elsewhere`() {
    var machine = Simulated.held(id)
    #expect(machine.next(3) == .renew(id))
    #expect(machine.next(5.9) == .wait(6))
    #expect(machine.next(6) == .reconnect)
    // There is no stream: nothing can be sent.
    #expect(machine.next(7) == .wait(9))
    machine.connected(7)
    #expect(machine.next(7) == .renew(id))
    // The old stream's answer does not count for the new one's request: it cannot come any more.
    #expect(machine.renewed(id, 9, at: 8) == .held(16))
  }

  @Test func `a new stream does not renew what was renewed`() {
    var machine = Simulated.held(id)
    #expect(machine.next(3) == .renew(id))
    #expect(machine.renewed(id, 9, at: 3) == .held(12))
    machine.disconnected()
    #expect(machine.next(6) == .wait(12))
    machine.connected(4)
    #expect(machine.next(4) == .wait(6))
    #expect(machine.next(6) == .renew(id))
  }

  @Test func `without a stream a lease runs out`() {
    var machine = Simulated.held(id)
    machine.disconnected()
    #expect(machine.next(8.9) == .wait(9))
    #expect(machine.next(9) == .lost)
    #expect(machine.until == nil)
    #expect(machine.next(9) == .grant)
  }

  @Test func `a lease whose time is over is lost, whatever is on its way`() {
    var machine = Simulated.held(id)
    #expect(machine.next(3) == .renew(id))
    #expect(machine.next(9) == .lost)
    #expect(machine.renewed(id, 9, at: 9) == .ignored)
  }

  @Test func `a lease is not taken for lost before its time is over`() {
    var machine = Simulated.held(id)
    machine.expire(8.9)
    #expect(machine.until == 9)
    machine.expire(9)
    #expect(machine.until == nil)
    machine.expire(10)
    #expect(machine.next(10) == .grant)
  }

  @Test func `who renews a lease that others have seen end begins no other`() {
    var machine = Simulated.held(id)
    #expect(machine.next(for: id, 3) == .renew(id))
    machine.expire(9)
    #expect(machine.next(for: id, 9) == .lost)
    // As before: there is one to be asked for.
    #expect(machine.next(9) == .grant)
    #expect(machine.granted(LeaseID(rawValue: 8), 9) == 18)
    #expect(machine.next(for: id, 9) == .lost)
  }

  // MARK: - Losing

  @Test func `a lease that etcd does not know is lost at once, and granted anew after a while`() {
    var machine = Simulated.held(id)
    #expect(machine.next(3) == .renew(id))
    #expect(machine.renewed(id, 0, at: 3) == .lost)
    #expect(machine.until == nil)
    #expect(machine.next(3) == .wait(4))
    #expect(machine.next(4) == .grant)
    #expect(machine.granted(LeaseID(rawValue: 8), 9) == 13)
    // Again before it was ever renewed: something is wrong, and is not asked ten times a second.
    machine.vanished(LeaseID(rawValue: 8), 5)
    #expect(machine.next(5) == .wait(7))
  }

  @Test func `a renewal that is answered makes the next loss a first one`() {
    var machine = Simulated.held(id)
    machine.vanished(id, 1)
    #expect(machine.next(2) == .grant)
    #expect(machine.granted(id, 9) == 11)
    machine.connected(2)
    #expect(machine.next(5) == .renew(id))
    #expect(machine.renewed(id, 9, at: 5) == .held(14))
    machine.vanished(id, 6)
    #expect(machine.next(6) == .wait(7))
  }

  @Test func `what is said of another lease is ignored`() {
    var machine = Simulated.held(id)
    #expect(machine.next(3) == .renew(id))
    #expect(machine.renewed(LeaseID(rawValue: 8), 0, at: 3) == .ignored)
    machine.vanished(LeaseID(rawValue: 8), 3)
    #expect(machine.until == 9)
    // Nor is there a second answer to one request.
    #expect(machine.renewed(id, 9, at: 3) == .held(12))
    #expect(machine.renewed(id, 0, at: 3) == .ignored)
  }

  @Test func `streams come and go without a lease`() {
    var machine = Simulated()
    machine.connected(0)
    machine.disconnected()
    machine.vanished(id, 0)
    #expect(machine.next(0) == .grant)
    machine.connected(0)
    machine.disconnected()
    #expect(machine.next(0) == .waitForGrant)
  }
}

/// A machine with times in seconds.
private struct Simulated {
  enum Action: Equatable {
    case grant, waitForGrant, reconnect, lost
    case renew(LeaseID)
    case wait(Double)
  }

  enum OnRenewed: Equatable {
    case held(Double)
    case lost, ignored
  }

  private var base: LeaseMachine
  private let start = ContinuousClock.now

  init() {
    let backoff = RetryBackoff(initial: .seconds(1), max: .seconds(60), jitter: 0)
    self.base = LeaseMachine(backoff: backoff, now: self.start)
  }

  /// Granted at 0 for 9 seconds, with a stream.
  static func held(_ id: LeaseID) -> Simulated {
    var machine = Simulated()
    #expect(machine.next(0) == .grant)
    #expect(machine.granted(id, 9) == 9)
    machine.connected(0)
    return machine
  }

  var until: Double? { self.base.lease.map { self.seconds($0.until) } }

  mutating func next(_ seconds: Double) -> Action {
    self.action(self.base.next(self.time(seconds)))
  }

  mutating func next(for id: LeaseID, _ seconds: Double) -> Action {
    self.action(self.base.next(for: id, self.time(seconds)))
  }

  private func action(_ action: LeaseMachine.Action) -> Action {
    switch action {
    case .grant: .grant
    case .renew(let id): .renew(id)
    case .reconnect: .reconnect
    case .lost: .lost
    case .wait(let until): .wait(self.seconds(until))
    case .waitForGrant: .waitForGrant
    }
  }

  mutating func granted(_ id: LeaseID, _ ttl: Int) -> Double? {
    self.base.granted(id, ttl: .seconds(ttl)).map { self.seconds($0) }
  }

  mutating func grantFailed(_ seconds: Double) {
    self.base.grantFailed(self.time(seconds), chance: 0)
  }

  mutating func connected(_ seconds: Double) { self.base.connected(self.time(seconds)) }

  mutating func disconnected() { self.base.disconnected() }

  mutating func renewed(_ id: LeaseID, _ ttl: Int, at seconds: Double) -> OnRenewed {
    switch self.base.renewed(id, ttl: .seconds(ttl), self.time(seconds), chance: 0) {
    case .held(let until): .held(self.seconds(until))
    case .lost: .lost
    case .ignored: .ignored
    }
  }

  mutating func vanished(_ id: LeaseID, _ seconds: Double) {
    self.base.vanished(id, self.time(seconds), chance: 0)
  }

  mutating func expire(_ seconds: Double) { self.base.expire(self.time(seconds)) }

  private func time(_ seconds: Double) -> ContinuousClock.Instant {
    self.start + .milliseconds(Int64(seconds * 1000))
  }

  private func seconds(_ instant: ContinuousClock.Instant) -> Double {
    let (whole, rest) = (instant - self.start).components
    return Double(whole) + (Double(rest) / 1e18 * 1000).rounded() / 1000
  }
}
