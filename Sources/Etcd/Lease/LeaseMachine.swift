/// Decides when one lease is granted, renewed, and taken for lost. No I/O and no clock: time is an
/// argument.
///
/// A lease counts from when the last request was sent that etcd has answered: from when that
/// arrived, etcd gives it its whole time. So what is said here ends before the lease does.
struct LeaseMachine {
  typealias Instant = ContinuousClock.Instant

  /// A lease that etcd has granted.
  private struct Held {
    let id: LeaseID
    var ttl: Duration
    /// It may be relied on before then.
    var until: Instant
    /// When the next renewal is sent.
    var renewAt: Instant
    /// When those were sent that are not answered, oldest first; etcd answers in order.
    var unanswered: [Instant] = []
    /// There is a stream to renew it on.
    var isConnected = false

    /// Three renewals fit into the life of a lease.
    var interval: Duration { self.ttl / 3 }
  }

  private enum State {
    /// No lease. Can go to `granting`.
    case none(retryAt: Instant)
    /// Asked for at `sentAt`. Can go to `held` or `none`.
    case granting(sentAt: Instant)
    /// Can go to `none` when it is lost.
    case held(Held)
  }

  /// What the caller does next.
  enum Action: Equatable {
    /// Ask for a lease; answered with `granted` or `grantFailed`.
    case grant
    /// Send a renewal; `renewed` when it is answered.
    case renew(LeaseID)
    /// The stream does not answer: close it, leave its endpoint, and open another.
    case reconnect
    /// The time of the lease is over, and there is none any more.
    case lost
    /// Nothing before then.
    case wait(until: Instant)
    /// Nothing before the grant is answered.
    case waitForGrant
  }

  /// What an answer to a renewal means.
  enum OnRenewed: Equatable {
    case held(until: Instant)
    /// etcd knows no such lease, and there is none any more.
    case lost
    /// It is about another lease, or about nothing.
    case ignored
  }

  private let backoff: RetryBackoff
  private var state: State
  /// Grants that failed, and leases lost, since a renewal was answered.
  private var failures = 0

  init(backoff: RetryBackoff, now: Instant) {
    self.backoff = backoff
    self.state = .none(retryAt: now)
  }

  /// The lease, and until when it may be relied on; nil: there is none.
  var lease: (id: LeaseID, until: Instant)? {
    guard case .held(let held) = self.state else { return nil }
    return (held.id, held.until)
  }

  /// For whoever renews a lease: that it is over, which somebody else may have seen a moment ago, is
  /// nothing to begin the next one for.
  mutating func next(for id: LeaseID, _ now: Instant) -> Action {
    guard case .held(let held) = self.state, held.id == id else { return .lost }
    return self.next(now)
  }

  mutating func next(_ now: Instant) -> Action {
    switch self.state {
    case .none(let retryAt):
      guard now >= retryAt else { return .wait(until: retryAt) }
      self.state = .granting(sentAt: now)
      return .grant
    case .granting: return .waitForGrant
    case .held(var held):
      guard now < held.until else {
        self.expire(now)
        return .lost
      }
      guard held.isConnected else { return .wait(until: held.until) }
      if let oldest = held.unanswered.first, now >= oldest + held.interval {
        held.isConnected = false
        self.state = .held(held)
        return .reconnect
      }
      if now >= held.renewAt {
        held.unanswered.append(now)
        held.renewAt = now + held.interval
        self.state = .held(held)
        return .renew(held.id)
      }
      let silence = held.unanswered.first.map { $0 + held.interval } ?? held.renewAt
      return .wait(until: min(held.renewAt, silence, held.until))
    }
  }

  /// Takes the lease for lost, where its time is over.
  mutating func expire(_ now: Instant) {
    guard case .held(let held) = self.state, now >= held.until else { return }
    self.state = .none(retryAt: now)
  }

  /// etcd has granted a lease.
  ///
  /// - Returns: until when it may be relied on; nil: it was not asked for.
  mutating func granted(_ id: LeaseID, ttl: Duration) -> Instant? {
    guard case .granting(let sentAt) = self.state else { return nil }
    let held = Held(id: id, ttl: ttl, until: sentAt + ttl, renewAt: sentAt + ttl / 3)
    self.state = .held(held)
    return held.until
  }

  /// - Parameter chance: -1 to 1, for the jitter.
  mutating func grantFailed(_ now: Instant, chance: Double) {
    guard case .granting = self.state else { return }
    self.retry(now, chance)
  }

  private mutating func retry(_ now: Instant, _ chance: Double) {
    self.failures += 1
    let delay = self.backoff.delay(afterFailures: self.failures, chance: chance)
    self.state = .none(retryAt: now + delay)
  }

  /// There is a new stream. A renewal that the last one left unanswered is sent again at once.
  mutating func connected(_ now: Instant) {
    guard case .held(var held) = self.state else { return }
    if !held.unanswered.isEmpty { held.renewAt = min(held.renewAt, now) }
    held.unanswered = []
    held.isConnected = true
    self.state = .held(held)
  }

  /// The stream has ended.
  mutating func disconnected() {
    guard case .held(var held) = self.state else { return }
    held.isConnected = false
    self.state = .held(held)
  }

  /// etcd has answered a renewal.
  ///
  /// - Parameters:
  ///   - ttl: zero: there is no such lease.
  ///   - chance: -1 to 1, for the jitter.
  mutating func renewed(
    _ id: LeaseID, ttl: Duration, _ now: Instant, chance: Double
  ) -> OnRenewed {
    guard case .held(var held) = self.state, held.id == id, !held.unanswered.isEmpty else {
      return .ignored
    }
    guard ttl > .zero else {
      self.retry(now, chance)
      return .lost
    }
    self.failures = 0
    let sentAt = held.unanswered.removeFirst()
    held.ttl = ttl
    // Also where that is earlier than before: etcd counts from this renewal now.
    held.until = sentAt + ttl
    if held.unanswered.isEmpty { held.renewAt = sentAt + held.interval }
    self.state = .held(held)
    return .held(until: held.until)
  }

  /// Somebody else has found out that etcd knows no such lease.
  ///
  /// - Parameter chance: -1 to 1, for the jitter.
  mutating func vanished(_ id: LeaseID, _ now: Instant, chance: Double) {
    guard case .held(let held) = self.state, held.id == id else { return }
    self.retry(now, chance)
  }
}
