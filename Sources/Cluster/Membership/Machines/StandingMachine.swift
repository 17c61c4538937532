/// Decides whether this node may serve what its ring gives it: with a live lease, or without one where
/// nobody can have taken its place. No I/O and no clock.
///
/// A node without a lease serves on only in a group of more than half of the last ring in which nobody
/// reaches etcd: then there is nobody whom etcd has told that the node is gone. What the others have said
/// holds for a time, from when they were asked: one that is stopped meanwhile does not serve on by it.
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
  /// How long what a survey says holds, from its beginning.
  let surveyAgeMax: Duration
  private var state = State.unleased
  /// Until when the last survey says that this node may serve on; nil: it does not, or there was none since
  /// the lease was good.
  private var majorityUntil: Instant?

  init(servesWithoutLease: Bool, surveyLead: Duration, surveyAgeMax: Duration) {
    self.servesWithoutLease = servesWithoutLease
    self.surveyLead = surveyLead
    self.surveyAgeMax = surveyAgeMax
  }

  /// Without a survey a node takes itself for isolated.
  var standing: ClusterView.Standing {
    if self.hasLease { return .leased }
    return self.servesWithoutLease || self.majorityUntil != nil ? .majority : .isolated
  }

  /// Until when the lease is good, as of the last event; nil: there is none.
  var leaseEnd: Instant? {
    guard case .leased(let until) = self.state else { return nil }
    return until
  }

  /// Until when the node serves, if nothing is heard before. For those who cannot wait for the next
  /// event: a process that was stopped goes on with calls first.
  var servingEnd: ServingEnd {
    if self.servesWithoutLease { return .never }
    let ends = [self.leaseEnd, self.majorityUntil].compactMap { $0 }
    return ends.max().map { .at($0) } ?? .passed
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
    if !self.wantsSurvey(now) { self.majorityUntil = nil }
  }

  /// The lease is gone.
  mutating func lost() { self.state = .unleased }

  /// Time has passed.
  mutating func tick(_ now: Instant) {
    if case .leased(let until) = self.state, now >= until { self.lost() }
    if let until = self.majorityUntil, now >= until { self.majorityUntil = nil }
  }

  /// - Parameters:
  ///   - reports: by the ids of those that have answered.
  ///   - ring: the last that this node knew.
  ///   - began: when the others were asked.
  mutating func surveyed(
    _ reports: [String: PeerReport], by id: String, of ring: [Member], began: Instant,
    _ now: Instant
  ) {
    let ids = Set(ring.filter(\.isOnRing).map(\.id))
    let group = reports.filter { ids.contains($0.key) && $0.key != id }
    let isMajority = ids.contains(id) && (group.count + 1) * 2 > ids.count
    let until = began + self.surveyAgeMax
    let mayServe = isMajority && !group.values.contains(.reachesEtcd) && now < until
    self.majorityUntil = mayServe ? until : nil
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
