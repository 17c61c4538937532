internal import CacheStore

/// Hashes that this node owns, and whose entries are not all here: who may hold them, and how far the
/// node is in getting them.
///
///     unsealed ── all asked have answered ──> clearing ── old copies gone ──> incoming ── all streamed ─> over
///                                    └───── nothing to clear ────────────────────┘
struct Gain: Sendable {
  /// A process that may hold entries, and what is known of that.
  struct Holder: Hashable, Sendable {
    let process: MemberProcess
    /// Who has named it; nil: a ring by which it owned the hashes.
    let via: MemberProcess?
    /// It did own them: what it held cannot be passed over.
    let isCertain: Bool
    /// It has given them up, and holds what it had.
    var isSealed = false
    /// It may still serve them and must give them up; what it holds is of no use, because somebody who
    /// had newer entries is gone.
    var isSuperseded = false
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
  /// Newest first. This node's own process stands for copies that it has held since before.
  private(set) var holders: [Holder]
  /// The version through which its copies are from before; nil: it has none.
  private(set) var heldThrough: Version?
  /// Those copies are all that it held; else some may have been forgotten already.
  private(set) var isHeldWhole: Bool

  init(arcs: ArcSet, holders: [Holder], heldThrough: Version? = nil, isHeldWhole: Bool = true) {
    self.arcs = arcs
    self.holders = holders
    self.heldThrough = heldThrough
    self.isHeldWhole = isHeldWhole
  }

  /// The same for some of its hashes.
  func part(_ arcs: ArcSet) -> Self {
    var part = self
    part.arcs = arcs
    return part
  }

  /// It differs in its hashes only.
  func isAlike(_ other: Self) -> Bool {
    self.holders == other.holders && self.heldThrough == other.heldThrough
      && self.isHeldWhole == other.isHeldWhole
  }

  func phase(own: MemberProcess) -> Phase {
    if self.holders.contains(where: { !$0.isSealed }) { return .unsealed }
    if self.heldThrough != nil, !self.holders.contains(where: { $0.process == own }) {
      return .clearing
    }
    return self.holders.isEmpty ? .whole : .incoming
  }

  /// A process has answered: it holds nothing of these hashes that is this node's.
  mutating func isNotHeld(by process: MemberProcess, via: MemberProcess?) {
    guard let index = self.index(of: process, via: via) else { return }
    self.remove(index)
  }

  /// A process has given these hashes up, and named who may hold what is older.
  mutating func isHeld(
    by process: MemberProcess, via: MemberProcess?, predecessors: [Predecessor], own: MemberProcess
  ) {
    guard let index = self.index(of: process, via: via) else { return }
    self.holders[index].isSealed = true
    let isSuperseded = self.holders[index].isSuperseded
    var next = index + 1
    for predecessor in predecessors {
      let known = self.holders.firstIndex { $0.process == predecessor.process }
      // One that is newer already.
      if let known, known < next { continue }
      var holder = Holder(
        process: predecessor.process, via: process, isCertain: predecessor.isCertain,
        isSuperseded: isSuperseded || predecessor.isSuperseded)
      if let known { holder.isSealed = self.holders.remove(at: known).isSealed }
      if predecessor.process == own { holder.isSealed = true }
      self.holders.insert(holder, at: next)
      next += 1
    }
    if isSuperseded { self.holders.remove(at: index) }
    self.holders.removeAll { $0.isSealed && $0.isSuperseded }
    // What this node had, and has no more, cannot be passed over either.
    if self.heldThrough == nil || !self.isHeldWhole,
      let lost = self.holders.firstIndex(where: { $0.process == own })
    {
      self.remove(lost)
    }
  }

  /// These are all the processes there are. Whoever holds newer entries and is gone makes all that is
  /// older worthless: what was deleted there must not come back.
  mutating func keep(_ alive: Set<MemberProcess>, own: MemberProcess) {
    while let index = self.holders.firstIndex(where: {
      $0.process != own && !alive.contains($0.process)
    }) {
      self.remove(index)
    }
  }

  /// All that the first of the holders has is here.
  mutating func received() { self.holders.removeFirst() }

  /// What is left from before, and by nobody superseded, is as good as new.
  mutating func adoptOwn(_ own: MemberProcess) {
    guard self.holders.first?.process == own else { return }
    self.holders.removeFirst()
    self.heldThrough = nil
  }

  /// Copies from before are gone.
  mutating func cleared() { self.heldThrough = nil }

  /// Nothing more is wanted of anybody.
  mutating func giveUp() {
    self.holders.removeAll { $0.isSealed }
  }

  private func index(of process: MemberProcess, via: MemberProcess?) -> Int? {
    self.holders.firstIndex { $0.process == process && $0.via == via && !$0.isSealed }
  }

  /// Takes a holder out. Where it had newer entries than those after it, these are of no use any more;
  /// but whoever may still serve must still stop to.
  private mutating func remove(_ index: Int) {
    let holder = self.holders.remove(at: index)
    guard holder.isCertain || holder.isSealed, !holder.isSuperseded else { return }
    for older in index..<self.holders.count { self.holders[older].isSuperseded = true }
    self.holders.removeAll { $0.isSealed && $0.isSuperseded }
  }
}
