internal import CacheStore

/// Hashes that this node has lost, and whose entries it keeps until their new owner has them.
///
///     owned ── ring ──> unfrozen ── all loops go by it ──> frozen ── Seal ──> sealed ── streamed ─> forgotten
///                                                            └──── nobody comes, the heir dies ────────┘
struct Loss: Sendable {
  typealias Instant = ContinuousClock.Instant

  var arcs: ArcSet
  /// Who may hold entries that are older than this node's: newest first. This node's own process stands for
  /// those of its copies that are older than what the ones before it hold.
  let predecessors: [Predecessor]
  /// It never served them: it was still waiting for those before it, and holds nothing but its claims.
  let isEmpty: Bool
  /// Where it was waiting, it did not know whom else to ask but everybody.
  let asksAll: Bool
  /// Copies at or below it are from an earlier time, and have to go before anybody gets the others.
  var clearsThrough: Version?
  /// Who has claimed them; nil: nobody has come for them.
  private(set) var heir: MemberProcess?
  /// On whose behalf the heir did: the one that had claimed them before.
  private(set) var via: MemberProcess?
  /// The heir's epoch when it came last.
  private(set) var sealedBy = Epoch.unknown
  /// Of this node when they were sealed: all that it holds of them is as old or older.
  private(set) var clock = Version.none
  /// When it was lost, or its heir asked for it last.
  var usedAt: Instant

  init(
    arcs: ArcSet, predecessors: [Predecessor] = [], isEmpty: Bool = false,
    asksAll: Bool = false, clearsThrough: Version? = nil, _ now: Instant
  ) {
    self.arcs = arcs
    self.predecessors = predecessors
    self.isEmpty = isEmpty
    self.asksAll = asksAll
    self.clearsThrough = clearsThrough
    self.usedAt = now
  }

  /// The same for some of its hashes.
  func part(_ arcs: ArcSet) -> Self {
    var part = self
    part.arcs = arcs
    return part
  }

  /// It differs in its hashes, and in when it was used, only.
  func isAlike(_ other: Self) -> Bool {
    self.predecessors == other.predecessors && self.isEmpty == other.isEmpty
      && self.asksAll == other.asksAll
      && self.heir == other.heir && self.via == other.via && self.sealedBy == other.sealedBy
      && self.clock == other.clock && self.clearsThrough == other.clearsThrough
  }

  /// Whether somebody who lives has claimed it.
  func isClaimed(by alive: Set<MemberProcess>) -> Bool { self.heir.map(alive.contains) ?? false }

  mutating func seal(
    for heir: MemberProcess, via: MemberProcess?, by epoch: Epoch, clock: Version, _ now: Instant
  ) {
    // What it holds has not changed since it was sealed first.
    if self.heir == nil { self.clock = clock }
    self.heir = heir
    self.via = via
    self.sealedBy = epoch
    self.usedAt = now
  }
}
