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
    /// It did own them: what it held cannot be passed over.
    var isCertain = false
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
  /// By which this node owns them: answers to what it asked before are about another time.
  let since: Epoch
  /// Newest first. This node's own process stands for copies that it has held since before.
  private(set) var holders: [Holder]
  /// The version through which its copies are from before; nil: it has none.
  private(set) var heldThrough: Version?
  /// Processes whose entries are older than those copies.
  private(set) var olderThanHeld: Set<MemberProcess>
  /// To whom it had sealed those copies; they count again where that process has given up what came of
  /// them. Nil: they do not count any more.
  private(set) var heldHeir: MemberProcess?

  init(
    arcs: ArcSet, since: Epoch, holders: [Holder], heldThrough: Version? = nil,
    olderThanHeld: Set<MemberProcess> = [], heldHeir: MemberProcess? = nil
  ) {
    self.arcs = arcs
    self.since = since
    self.holders = holders
    self.heldThrough = heldThrough
    self.olderThanHeld = olderThanHeld
    self.heldHeir = heldHeir
  }

  /// The same for some of its hashes.
  func part(_ arcs: ArcSet) -> Self {
    var part = self
    part.arcs = arcs
    return part
  }

  /// It differs in its hashes only.
  func isAlike(_ other: Self) -> Bool {
    self.holders == other.holders && self.since == other.since
      && self.heldThrough == other.heldThrough && self.olderThanHeld == other.olderThanHeld
      && self.heldHeir == other.heldHeir
  }

  func phase(own: MemberProcess) -> Phase {
    if self.holders.contains(where: { !$0.isSealed }) { return .unsealed }
    if self.heldThrough != nil, !self.holders.contains(where: { $0.process == own }) {
      return .clearing
    }
    return self.holders.isEmpty ? .whole : .incoming
  }

  /// On whose behalf this node asks a process, beside its own: those that have sealed newer entries for
  /// it, and may have been the process's heirs before. Nil: there is nothing to ask it.
  func vias(of process: MemberProcess) -> Set<MemberProcess>? {
    guard let index = self.holders.firstIndex(where: { $0.process == process }),
      !self.holders[index].isSealed
    else { return nil }
    return Set(self.holders[..<index].lazy.filter(\.isSealed).map(\.process))
  }

  /// Whether the process is, or may yet turn out to be, one that holds something for this node.
  func mayAsk(_ process: MemberProcess) -> Bool {
    self.holders.contains { $0.process == process }
      || self.olderThanHeld.contains(process) && self.holders.contains { !$0.isSealed }
  }

  /// A process has answered: it holds nothing of these hashes that is this node's.
  mutating func isNotHeld(by process: MemberProcess) {
    self.holders.removeAll { $0.process == process && !$0.isSealed }
  }

  /// A process has given these hashes up, and named who may hold what is older.
  mutating func isHeld(
    by process: MemberProcess, predecessors: [Predecessor], own: MemberProcess
  ) {
    guard let index = self.holders.firstIndex(where: { $0.process == process && !$0.isSealed })
    else { return }
    self.holders[index].isSealed = true
    self.holders[index].isCertain = true
    let isSuperseded = self.holders[index].isSuperseded
    var next = index + 1
    for predecessor in predecessors {
      // From anybody else it is about an earlier time.
      if predecessor.process == own, process != self.heldHeir { continue }
      guard let known = self.holders.firstIndex(where: { $0.process == predecessor.process }) else {
        self.holders.insert(
          Holder(
            process: predecessor.process, isCertain: predecessor.isCertain,
            isSealed: predecessor.process == own,
            isSuperseded: isSuperseded || predecessor.isSuperseded), at: next)
        next += 1
        continue
      }
      if predecessor.isCertain { self.holders[known].isCertain = true }
      // Who comes before knows better.
      if known >= next, isSuperseded || predecessor.isSuperseded {
        self.holders[known].isSuperseded = true
      }
      next = max(next, known + 1)
    }
    self.holders.removeAll { $0.isSealed && $0.isSuperseded }
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

  /// What this node has held since before counts no more.
  mutating func giveUpHeld(own: MemberProcess) { self.holders.removeAll { $0.process == own } }

  /// Copies from before are gone.
  mutating func cleared() { self.heldThrough = nil }

  /// Nothing more is wanted of anybody.
  mutating func giveUp() {
    self.holders.removeAll { $0.isSealed }
  }

  /// Takes a holder out that is gone. Where it had newer entries than those after it, these are of no use
  /// any more; but whoever may still serve must still stop to.
  private mutating func remove(_ index: Int) {
    let holder = self.holders.remove(at: index)
    guard holder.isCertain || holder.isSealed, !holder.isSuperseded else { return }
    for older in index..<self.holders.count { self.holders[older].isSuperseded = true }
    self.holders.removeAll { $0.isSealed && $0.isSuperseded }
  }
}
