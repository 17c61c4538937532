/// Decides whether this node may serve what its ring gives it: with a live lease, or without one where
/// nobody can have taken its place. No I/O and no clock.
///
/// A node without a lease serves on only in a group of more than half of the last ring in which nobody
/// reaches etcd: then there is nobody whom etcd has told that the node is gone.
struct StandingMachine {
  typealias Instant = ContinuousClock.Instant

  private enum State: Equatable {
    /// No lease: `standing` is what the survey says.
    case unleased
    /// Can go to `unleased` when its time is over, or etcd says so.
    case leased(until: Instant)
  }

  /// Serves whatever the others say: availability before consistency.
  let servesWithoutLease: Bool
  /// How long before a lease ends the others are asked, so that there is an answer when it does.
  let surveyLead: Duration
  private var state = State.unleased
  /// What the last survey says; nil: there was none since the lease was good.
  private var surveyed: ClusterView.Standing?

  init(servesWithoutLease: Bool, surveyLead: Duration) {
    self.servesWithoutLease = servesWithoutLease
    self.surveyLead = surveyLead
  }

  /// Without a survey a node takes itself for isolated.
  var standing: ClusterView.Standing {
    if self.hasLease { return .leased }
    return self.servesWithoutLease ? .majority : self.surveyed ?? .isolated
  }

  /// Until when the lease is good, as of the last event; nil: there is none.
  var leaseEnd: Instant? {
    guard case .leased(let until) = self.state else { return nil }
    return until
  }

  /// Until when the node serves, if nothing is heard before. For those who cannot wait for the next
  /// event: a process that was stopped goes on with calls first.
  var servingEnd: ServingEnd {
    if self.servesWithoutLease || self.surveyed == .majority { return .never }
    guard case .leased(let until) = self.state else { return .passed }
    return .at(until)
  }

  /// As of the last event.
  var hasLease: Bool { self.state != .unleased }

  /// What this node tells others that ask it.
  func report(_ now: Instant) -> PeerReport {
    self.wantsSurvey(now) ? .cutOff : .reachesEtcd
  }

  /// Whether the other nodes are to be asked now; answered with `surveyed`.
  func wantsSurvey(_ now: Instant) -> Bool {
    guard case .leased(let until) = self.state else { return true }
    return now >= until - self.surveyLead
  }

  /// The lease is granted, or extended.
  mutating func held(until: Instant, _ now: Instant) {
    guard until > now else { return self.lost() }
    self.state = .leased(until: until)
    if !self.wantsSurvey(now) { self.surveyed = nil }
  }

  /// The lease is gone.
  mutating func lost() { self.state = .unleased }

  /// Time has passed.
  mutating func tick(_ now: Instant) {
    if case .leased(let until) = self.state, now >= until { self.lost() }
  }

  /// - Parameters:
  ///   - reports: by the ids of those that have answered.
  ///   - ring: the last that this node knew.
  mutating func surveyed(_ reports: [String: PeerReport], by id: String, of ring: [Member]) {
    let ids = Set(ring.filter(\.isOnRing).map(\.id))
    let group = reports.filter { ids.contains($0.key) && $0.key != id }
    let isMajority = ids.contains(id) && (group.count + 1) * 2 > ids.count
    self.surveyed =
      isMajority && !group.values.contains(.reachesEtcd) ? .majority : .isolated
  }
}

/// When a node that serves must stop to, unless it hears better.
public enum ServingEnd: Hashable, Sendable {
  case never
  case at(ContinuousClock.Instant)
  case passed
}

/// What a node says of its own lease.
public enum PeerReport: String, Hashable, Sendable, CaseIterable {
  /// It has a lease, which etcd has extended when it was due.
  case reachesEtcd
  /// It has no lease, or one that it cannot extend.
  case cutOff
}
