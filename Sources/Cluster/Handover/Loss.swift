internal import CacheStore

/// Hashes that this node has lost, and whose entries it keeps until their new owner has them.
///
///     owned ── ring ──> unfrozen ── all loops go by it ──> frozen ── Seal ──> sealed ── streamed ─> forgotten
///                                                            └──── nobody comes, the heir dies ────────┘
struct Loss: Sendable {
  typealias Instant = ContinuousClock.Instant

  var arcs: ArcSet
  /// No event loop serves them any more once all go by this epoch.
  let epoch: Epoch
  /// Who may hold entries that are older than this node's: newest first.
  let predecessors: [Predecessor]
  /// It never served them: it was still waiting for those before it.
  let wasUnsealed: Bool
  /// Copies at or below it are from an earlier time, and have to go before anybody gets the others.
  var clearsThrough: Version?
  /// To whom they are sealed; nil: nobody has come for them.
  private(set) var heir: MemberProcess?
  /// The heir's epoch when it came last.
  private(set) var sealedBy = Epoch.unknown
  /// Of this node when they were sealed: all that it holds of them is as old or older.
  private(set) var clock = Version.none
  /// When it was lost, or its heir asked for it last.
  var usedAt: Instant

  init(
    arcs: ArcSet, epoch: Epoch, predecessors: [Predecessor] = [],
    wasUnsealed: Bool = false, clearsThrough: Version? = nil, _ now: Instant
  ) {
    self.arcs = arcs
    self.epoch = epoch
    self.predecessors = predecessors
    self.wasUnsealed = wasUnsealed
    self.clearsThrough = clearsThrough
    self.usedAt = now
  }

  /// The same for some of its hashes.
  func part(_ arcs: ArcSet) -> Self {
    var part = self
    part.arcs = arcs
    return part
  }

  /// Whether what it holds is the heir's: nobody else has come for it, or one who has given it up to the
  /// heir.
  func isFor(_ heir: MemberProcess, vias: Set<MemberProcess>) -> Bool {
    self.heir.map { $0 == heir || vias.contains($0) } ?? true
  }

  mutating func seal(for heir: MemberProcess, by epoch: Epoch, clock: Version) {
    // What it holds has not changed since it was sealed first.
    if self.heir == nil { self.clock = clock }
    self.heir = heir
    self.sealedBy = epoch
  }
}
