internal import CacheStore

/// When those that are to get what this node has lost gave a sign of life last. No I/O and no clock.
///
///     (a ring by which it owns some of that) ──> expected ── a sign ──> heard of
///                     expected, heard of ── nothing for too long ──> silent
///       silent ── a sign ──> heard of;   ── a ring by which more is its ──> expected
///
/// A sign is whatever an heir sends of its own accord: it asks for a seal, however it is answered; it begins a
/// migration, or acknowledges a batch; it says that it still wants what it has claimed (`Peer.Seal` with
/// `renews`), as it does while it gets it, or waits for others or for an operator before it does; it says that
/// it has all. Where a migration goes to it, and the next step is this node's, or an operator has the migration
/// rest, nothing can be expected of it: that counts as a sign, too.
///
/// What is too long is for those to say who ask. An heir that dies is off the ring when its lease is over;
/// then others are expected, from the beginning.
struct HeirSigns: Sendable {
  typealias Instant = ContinuousClock.Instant

  /// What each is to come for, by the ring as it is.
  private var expected: [MemberProcess: ArcSet] = [:]
  private(set) var heardAt: [MemberProcess: Instant] = [:]
  /// When somebody has asked last who is silent.
  private(set) var lookedAt: Instant?

  /// Who waits asks more often than that. If not, this node was stopped itself, or had no processor, and has yet
  /// to read the signs that have come meanwhile; in less there is one at most.
  private static let lookIntervalMax = Handover.signInterval

  /// By a new ring, these are to come for this. Who is to come for more than before begins anew.
  mutating func expect(_ arcs: [MemberProcess: ArcSet], _ now: Instant) {
    for (heir, arcs) in arcs
    where !arcs.subtracting(self.expected[heir] ?? .none).isEmpty {
      self.heard(from: heir, now)
    }
    self.expected = arcs
  }

  mutating func heard(from heir: MemberProcess, _ now: Instant) { self.heardAt[heir] = now }

  /// Somebody begins to ask who is silent.
  mutating func beginsToLook(_ now: Instant) { self.lookedAt = now }

  /// Somebody asks who is silent.
  ///
  /// - Parameter countsSilence: that anybody was silent until now means something.
  /// - Returns: whether it does.
  mutating func looks(countsSilence: Bool, _ now: Instant) -> Bool {
    let isInTime = self.lookedAt.map { now <= $0 + Self.lookIntervalMax } ?? true
    self.lookedAt = now
    if countsSilence && isInTime { return true }
    for heir in self.heardAt.keys { self.heardAt[heir] = now }
    return false
  }

  /// All others are gone.
  mutating func keep(_ alive: Set<MemberProcess>) {
    self.heardAt = self.heardAt.filter { alive.contains($0.key) }
  }

  /// For how long it has given no sign; zero where none was to be expected.
  func silence(of heir: MemberProcess, _ now: Instant) -> Duration {
    self.heardAt[heir].map { max(.zero, $0.duration(to: now)) } ?? .zero
  }
}
