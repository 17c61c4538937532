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
  private(set) var holders: [Holder]
  /// What this node had lost of them, and others have claimed. It counts where a claimant names this
  /// node, and is lost as before where this node loses the hashes before it has served them.
  private(set) var held: [Loss]
  /// The version through which this node's copies count no more, and have to go; nil: there are none.
  private(set) var clearsThrough: Version?
  /// It has been served from what is here.
  private(set) var hasServed: Bool
  /// This node is new, or goes by what one says that was, and may not know who had the hashes: where none
  /// of those asked has held anything, it asks everybody.
  private(set) var asksAll: Bool

  /// Processes that have been asked since this node owns the hashes.
  private var asked: Set<MemberProcess> = []
  /// Those of them that have not answered, and that this node had claimed something of which counts no more:
  /// what they hold for it may be that.
  private var disputed: Set<MemberProcess> = []
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

  private mutating func giveUpClaims(on process: MemberProcess) {
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

  // MARK: - Answers

  /// This node is about to ask a process.
  mutating func asks(_ process: MemberProcess) { self.asked.insert(process) }

  /// A process has given up the hashes, and said all that there is to say to an order with these `vias`.
  ///
  /// - Parameter holdings: each of all the hashes.
  mutating func hasAnswered(
    _ process: MemberProcess, _ vias: Set<MemberProcess>, _ holdings: [SealAnswer.Holding],
    own: MemberProcess
  ) {
    // Entries take the place that claims go by, and these are older.
    for holding in holdings where holding.isEmpty {
      self.isEmpty(process, via: holding.via, own: own) { gain, index, isSuperseded in
        // It may have lost them more than once without having served.
        let claims = holdings.filter { $0.isEmpty && $0.via == holding.via }
        _ = gain.insert(
          claims.flatMap(\.predecessors), at: index, namer: process, isSuperseded: isSuperseded,
          own: own)
      }
    }
    for holding in holdings where !holding.isEmpty { self.isSealed(by: process, holding, own: own) }
    self.holders.removeAll {
      $0.process == process && !$0.isSealed && ($0.namer.map(vias.contains) ?? true)
    }
    if self.disputed.remove(process) != nil { self.giveUpClaims(on: process) }
  }

  /// A process never served the hashes, but may have claimed what others hold.
  private mutating func isEmpty(
    _ process: MemberProcess, via: MemberProcess?, own: MemberProcess,
    _ insertClaims: (inout Self, Int, _ isSuperseded: Bool) -> Void
  ) {
    let isKnown = self.holders.contains {
      $0.process == process && $0.isEmpty && $0.namer == via
    }
    guard !isKnown, let index = self.index(of: process, via: via) else { return }
    var holder = self.holders[index]
    holder.namer = via
    holder.isEmpty = true
    holder.isSealed = true
    self.holders.insert(holder, at: index)
    // It may have been new, and not have got as far as to ask everybody.
    self.asksAll = true
    insertClaims(&self, index + 1, holder.isSuperseded)
  }

  /// A process has served the hashes, and given them up.
  private mutating func isSealed(
    by process: MemberProcess, _ holding: SealAnswer.Holding, own: MemberProcess
  ) {
    let isKnown = self.holders.contains { $0.process == process && $0.isSealed && !$0.isEmpty }
    guard !isKnown, var index = self.index(of: process, via: holding.via) else { return }
    var holder = self.holders[index]
    holder.isSealed = true
    holder.isCertain = true
    if holding.via == nil {
      // Nobody has served since.
      holder.isSuperseded = self.holders.contains { $0.process == process && $0.isSuperseded }
      self.holders.remove(at: index)
      index = 0
      self.holders.insert(holder, at: index)
    } else {
      self.holders[index] = holder
    }
    _ = self.insert(
      holding.predecessors, at: index + 1, namer: process, isSuperseded: holder.isSuperseded,
      own: own)
    self.holders.removeAll { $0.isSealed && !$0.isEmpty && $0.isSuperseded }
  }

  /// Where it stands that a process is to be asked on behalf of another.
  private func index(of process: MemberProcess, via: MemberProcess?) -> Int? {
    self.holders.firstIndex {
      $0.process == process && !$0.isSealed && (via == nil || $0.namer == via)
    }
  }

  /// Puts in whom a process has named.
  ///
  /// - Returns: the index behind them.
  mutating func insert(
    _ predecessors: [Predecessor], at index: Int, namer: MemberProcess, isSuperseded: Bool = false,
    own: MemberProcess
  ) -> Int {
    var next = index
    for predecessor in predecessors {
      let isSuperseded = isSuperseded || predecessor.isSuperseded
      if predecessor.process == namer {
        // Copies that come along with newer ones.
        guard !isSuperseded else { continue }
        self.holders.insert(
          Holder(process: own, namer: namer, isSealed: true, through: predecessor.through),
          at: next)
        next += 1
      } else if predecessor.process == own {
        next = self.insertHeld(at: next, namer: namer, isSuperseded: isSuperseded, own: own)
      } else if let known = self.holders.firstIndex(where: {
        $0.process == predecessor.process && $0.namer == namer && !$0.isEmpty
      }) {
        // Named once more, among older ones.
        guard known < next else { continue }
        self.holders.insert(self.holders.remove(at: known), at: next - 1)
      } else if !self.holders.contains(where: {
        $0.process == predecessor.process && $0.isSealed && !$0.isEmpty
      }) {
        self.holders.insert(
          Holder(
            process: predecessor.process, namer: namer, isCertain: predecessor.isCertain,
            isSuperseded: isSuperseded), at: next)
        next += 1
      }
    }
    return next
  }

  /// This node is named itself, by one that had claimed what it held.
  private mutating func insertHeld(
    at index: Int, namer: MemberProcess, isSuperseded: Bool, own: MemberProcess
  ) -> Int {
    var next = index
    for loss in self.held where loss.heir == namer {
      if !loss.isEmpty {
        guard !isSuperseded, !self.holders.contains(where: \.isHeld) else { continue }
        self.holders.insert(
          Holder(process: own, namer: namer, isSealed: true, through: loss.clock, isHeld: true),
          at: next)
        next += 1
      }
      next = self.insert(
        loss.predecessors, at: next, namer: own, isSuperseded: isSuperseded, own: own)
    }
    return next
  }
}
