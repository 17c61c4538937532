internal import CacheStore

/// Hashes that this node owns, and whose entries are not all here: who may hold them, and how far the
/// node is in getting them.
///
///     unsealed ── all asked have answered ──> clearing ── old copies gone ──> incoming ── all streamed ─> over
///                                    └───── nothing to clear ────────────────────┘
///
/// Entries go along a chain of claims only. A process gives what it holds to the first that comes for it,
/// and from then on to those alone that the claimant names as it gives up in its turn; a process that
/// nobody names is asked whether it serves, and holds something only if nobody has claimed it.
struct Gain: Sendable {
  /// A process that may hold entries, and what is known of that. This node's own process stands for copies
  /// in its store that count only once all before them is here.
  struct Holder: Hashable, Sendable {
    let process: MemberProcess
    /// Who has claimed what it holds, and names it; nil: it may have served, by some ring.
    var namer: MemberProcess?
    /// It did own them: what it held cannot be passed over.
    var isCertain = false
    /// It has given them up, and holds what it had.
    var isSealed = false
    /// It never served them: it has nothing itself, but may have claimed what others hold.
    var isEmpty = false
    /// It may still serve them and must give them up; what it holds is of no use, because somebody who
    /// had newer entries is gone.
    var isSuperseded = false
    /// Of this node's own process: the version up to which copies are meant.
    var through = Version.none
    /// Of this node's own process: they are from when it owned the hashes before.
    var isHeld = false
  }

  /// What keeps the hashes from being whole.
  enum Phase: Hashable, Sendable {
    /// Another node may still serve them.
    case unsealed
    /// Older copies of this node's own have to go first.
    case clearing
    /// They are served; what is not here is asked for.
    case incoming
    /// Nothing any more.
    case whole
  }

  var arcs: ArcSet
  /// By which this node owns them: answers to what it asked before are about another time.
  let since: Epoch
  /// Newest first.
  var holders: [Holder]
  /// What this node had lost of them, and others have claimed. It counts where a claimant names this
  /// node, and is lost as before where this node loses the hashes before it has served them.
  private(set) var held: [Loss]
  /// The version through which this node's copies count no more, and have to go; nil: there are none.
  private(set) var clearsThrough: Version?
  /// It has been served from what is here.
  private(set) var hasServed: Bool
  /// This node is new, or goes by what one says that was, and may not know who had the hashes: where none
  /// of those asked has held anything, it asks everybody.
  var asksAll: Bool

  /// Processes that have been asked since this node owns the hashes.
  var asked: Set<MemberProcess> = []
  /// Those of them that have not answered, and that this node had claimed something of which counts no more:
  /// what they hold for it may be that.
  var disputed: Set<MemberProcess> = []
  /// Processes that are to be told that what this node had claimed of them counts no more.
  private var claimsGivenUp: Set<MemberProcess> = []

  init(
    arcs: ArcSet, since: Epoch, holders: [Holder], held: [Loss] = [],
    clearsThrough: Version? = nil, hasServed: Bool = false, asksAll: Bool = false
  ) {
    self.arcs = arcs
    self.since = since
    self.holders = holders
    self.held = held
    self.clearsThrough = clearsThrough
    self.hasServed = hasServed
    self.asksAll = asksAll
  }

  /// The same for some of its hashes.
  func part(_ arcs: ArcSet) -> Self {
    var part = self
    part.arcs = arcs
    part.held = self.held.map { $0.part(arcs) }
    return part
  }

  /// It differs in its hashes only.
  func isAlike(_ other: Self) -> Bool {
    self.holders == other.holders && self.since == other.since
      && self.clearsThrough == other.clearsThrough && self.hasServed == other.hasServed
      && self.asksAll == other.asksAll && self.asked == other.asked
      && self.disputed == other.disputed && self.held.count == other.held.count
      && zip(self.held, other.held).allSatisfy { $0.isAlike($1) }
  }

  /// Takes in one that is alike.
  mutating func join(_ other: Self) {
    self.arcs = self.arcs.union(other.arcs)
    for index in self.held.indices { self.held[index].arcs = self.arcs }
  }

  var phase: Phase {
    if self.isUnsealed { return .unsealed }
    if self.clearsThrough != nil { return .clearing }
    return self.holders.isEmpty ? .whole : .incoming
  }

  private var isUnsealed: Bool { self.holders.contains { !$0.isSealed } }

  /// On whose behalf this node asks a process, beside its own. Nil: there is nothing to ask it.
  func vias(of process: MemberProcess) -> Set<MemberProcess>? {
    let asked = self.holders.filter { $0.process == process && !$0.isSealed }
    return asked.isEmpty ? nil : Set(asked.compactMap(\.namer))
  }

  /// Whether the process is, or may yet turn out to be, one that holds something for this node. As long as
  /// not all have answered, who is done with may be named by another.
  func mayAsk(_ process: MemberProcess) -> Bool {
    self.isUnsealed || self.holders.contains { $0.process == process }
  }

  /// A copy that is here counts where its version is above this one, whoever may hold others.
  func trustedAbove(from index: Int = 0) -> Version {
    self.holders[index...].reduce(.none) { max($0, $1.through) }
  }

  /// What its heir has to ask for: newest first.
  func predecessors(own: MemberProcess) -> [Predecessor] {
    var predecessors: [Predecessor] = []
    for holder in self.holders {
      if holder.process == own {
        // What was held is lost as before where it was not served.
        guard self.hasServed else { continue }
        predecessors.append(Predecessor(own, isCertain: true, through: holder.through))
      } else if !self.disputed.contains(holder.process),
        !predecessors.contains(where: { $0.process == holder.process })
      {
        predecessors.append(
          Predecessor(
            holder.process, isCertain: holder.isCertain, isSuperseded: holder.isSuperseded))
      }
    }
    return predecessors
  }

  // MARK: - Streams

  /// All that the first of the holders has is here.
  mutating func received() { self.holders.removeFirst() }

  /// Once all have answered: what nobody has named counts no more, and what no other holds is as good as
  /// new.
  ///
  /// - Parameter others: who may have served the hashes at any time.
  mutating func settle(own: MemberProcess, others: @autoclosure () -> [MemberProcess]) {
    if self.asksAll, !self.isUnsealed {
      self.asksAll = false
      // Whoever has served them last gives them up to the first that comes, and names all the others.
      if !self.holders.contains(where: { !$0.isEmpty }) {
        self.holders += others().map { Holder(process: $0) }
      }
    }
    guard !self.isUnsealed else { return }
    self.asked = []
    self.holders.removeAll { $0.isEmpty }
    if !self.holders.contains(where: \.isHeld) { self.giveUpHeld() }
    self.held = []
    guard self.clearsThrough == nil else { return }
    self.hasServed = true
    while self.holders.first?.process == own { self.holders.removeFirst() }
  }

  /// Copies that are here and count only after others count no more.
  mutating func giveUpOlder(own: MemberProcess) {
    let through = self.trustedAbove()
    self.holders.removeAll { $0.process == own }
    if through > .none { self.clear(through: through) }
  }

  /// Copies of this node are to go.
  mutating func clear(through version: Version) {
    self.clearsThrough = max(self.clearsThrough ?? .none, version)
  }

  /// They are gone.
  mutating func cleared() { self.clearsThrough = nil }

  /// Nothing more is wanted of anybody.
  mutating func giveUp(own: MemberProcess) {
    self.giveUpOlder(own: own)
    self.holders.removeAll { $0.isSealed }
  }

  /// A claimant has all that it wants of what was held, and will not name this node.
  mutating func handedOver(to heir: MemberProcess, by epoch: Epoch) {
    func isOver(_ loss: Loss) -> Bool { loss.heir == heir && loss.sealedBy <= epoch }
    if self.held.contains(where: { !$0.isEmpty && isOver($0) }) { self.giveUpHeld() }
    self.giveUpHeld(where: isOver)
  }

  /// What was held counts no more.
  private mutating func giveUpHeld() {
    for loss in self.held where !loss.isEmpty { self.clear(through: loss.clock) }
    self.giveUpHeld { !$0.isEmpty }
    self.holders.removeAll { $0.isHeld }
  }

  /// Nor do the claims that came with it.
  private mutating func giveUpHeld(where isMeant: (Loss) -> Bool) {
    for loss in self.held where isMeant(loss) {
      for process in loss.predecessors.map(\.process) { self.giveUpClaims(on: process) }
    }
    self.held.removeAll(where: isMeant)
  }

  mutating func giveUpClaims(on process: MemberProcess) {
    let known = self.holders.filter { $0.process == process }
    if known.contains(where: { $0.isSealed || $0.namer != nil }) { return }
    if !known.isEmpty, self.asked.contains(process) {
      self.disputed.insert(process)
    } else {
      self.claimsGivenUp.insert(process)
    }
  }

  /// Those that `claimsGivenUp` has come to.
  mutating func takeClaimsGivenUp() -> Set<MemberProcess> {
    defer { self.claimsGivenUp = [] }
    return self.claimsGivenUp
  }

  // MARK: - Who is there

  /// These are all the processes there are. Whoever holds newer entries and is gone makes all that is
  /// older worthless: what was deleted there must not come back.
  mutating func keep(_ alive: Set<MemberProcess>, own: MemberProcess) {
    if self.held.contains(where: { !$0.isEmpty && !$0.isClaimed(by: alive) }) { self.giveUpHeld() }
    self.giveUpHeld { !$0.isClaimed(by: alive) }
    while let index = self.holders.firstIndex(where: {
      $0.process != own && !alive.contains($0.process)
    }) {
      self.remove(index, own: own)
    }
  }

  /// Takes a holder out that is gone. Where it had newer entries than those after it, these are of no use
  /// any more; but whoever may still serve must still stop to.
  private mutating func remove(_ index: Int, own: MemberProcess) {
    let holder = self.holders.remove(at: index)
    guard holder.isCertain, !holder.isSuperseded else { return }
    var older = Version.none
    for index in index..<self.holders.count {
      self.holders[index].isSuperseded = true
      older = max(older, self.holders[index].through)
    }
    if self.holders[index...].contains(where: \.isHeld) { self.giveUpHeld() }
    if self.hasServed, older > .none { self.clear(through: older) }
    self.holders.removeAll { $0.isSealed && $0.isSuperseded }
  }
}
