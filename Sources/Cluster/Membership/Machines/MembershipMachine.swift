internal import Etcd

/// Follows the members of one cluster in etcd: from a list, and from what a watch shows after it. No I/O
/// and no clock: time is an argument.
///
///     list ──────────────> watch ───┐ changes
///      ^ │ history is new   │       │
///      │ v                  │ <─────┘
///     raise    <────────────┘ compacted, ended, another history or incarnation: list again
///
/// The revision of a list or an event that is below one already seen means that etcd's history is another
/// one: etcd came back empty, or from a backup. Whoever sees that raises the incarnation, once for all
/// nodes, because only one compare-and-set succeeds; so epochs go on growing.
struct MembershipMachine {
  typealias Instant = ContinuousClock.Instant

  /// What the caller does now, until it is another.
  enum Step: Equatable {
    /// Ask for all keys at once; answered with `listed`.
    case list
    /// Write the incarnation, if its key was last changed at `replacing` (`.current`: if it is not
    /// there); answered with `raised`.
    case raise(to: UInt64, replacing: Revision)
    /// Watch from `watchFrom` on; answered with `changed` and `watchEnded`.
    case watch
  }

  /// What the caller passes on.
  enum Notice: Equatable {
    case publish(ClusterView)
    /// This node's own record, as of a revision; nil: it has none.
    case own(Member?, at: Revision)
    /// Keys that make no member, which were not told of before.
    case malformed([MemberRoster.Fault])
    /// A large loss is not believed yet.
    case lossHeld(ids: [String])
    /// A loss is held no more; these have not come back.
    case lossApplied(ids: [String])
    /// etcd's history is another than before.
    case newHistory(incarnation: UInt64)
  }

  private let keys: MembershipKeys
  private let id: String
  private(set) var step = Step.list
  private var roster: MemberRoster
  /// What the roster makes.
  private var members: [Member] = []
  /// What the registry shows is complete up to here.
  private var newest = Revision.current
  /// What came after `newest` may not be shown by any watch: it is listed, and no more.
  private var hasGap = false
  /// The history that `newest` belongs to is over.
  private var isHistoryOver = false
  /// The highest that was seen; 0: none.
  private var incarnation: UInt64 = 0
  /// Of the last change of the members, or of the incarnation.
  private var changedAt = Revision.current
  private var hold: LossHold
  private var hasLease = false
  private var standing = ClusterView.Standing.isolated
  private var tenure: Tenure
  private var faults: Set<MemberRoster.Fault> = []
  /// The last that was published; nil: none was.
  private(set) var view: ClusterView?

  /// - Parameters:
  ///   - id: this node's.
  ///   - lossHold: how long a loss of more than half of the ring must last.
  ///   - leaseTTL: of every node.
  init(
    _ keys: MembershipKeys, id: String, lossHold: Duration, leaseTTL: Duration = .zero
  ) {
    self.keys = keys
    self.id = id
    self.roster = MemberRoster(keys: keys)
    self.hold = LossHold(duration: lossHold)
    // Others may have missed this node for as long as its own lease was still good.
    self.tenure = Tenure(grace: max(.zero, lossHold - leaseTTL))
  }

  /// Under which the members are registered, by their ids.
  var leases: [String: LeaseID] { self.roster.leases }

  /// The view has all who live, and no others: etcd ends the leases of those that are dead, and this node
  /// hears of it, and goes by it at once.
  var showsWhoLives: Bool {
    self.step == .watch && self.standing == .leased && self.hold.since == nil
  }

  /// The first revision that was not seen.
  var watchFrom: Revision { self.newest.next }

  // MARK: - From the list

  /// All keys at one revision.
  mutating func listed(_ listing: KeyListing, _ now: Instant) -> [Notice] {
    guard self.step == .list else { return [] }
    if listing.revision < self.newest { self.isHistoryOver = true }
    let found = self.incarnation(in: listing)
    guard found.value > self.incarnation || found.value == self.incarnation && !self.isHistoryOver,
      found.value > 0
    else {
      // The last one there is: no cluster gets there, and staying there beats a trap.
      let next = self.incarnation == .max ? .max : self.incarnation + 1
      self.step = .raise(to: next, replacing: found.revision)
      return []
    }
    var notices: [Notice] = []
    if found.value > self.incarnation {
      if self.incarnation > 0 {
        self.hold.historyBegan()
        notices.append(.newHistory(incarnation: found.value))
      }
      self.incarnation = found.value
      self.changedAt = found.revision
      self.roster = MemberRoster(keys: self.keys)
    } else if !self.hasGap {
      // It was a false alarm: the watch goes on where it was.
      self.step = .watch
      return []
    } else if listing.revision > self.newest {
      // Which of the revisions in between were about members no list says: some may have come and gone.
      self.tenure.missedChanges()
    }
    self.isHistoryOver = false
    self.hasGap = false
    self.step = .watch
    return notices + self.take(listing, now)
  }

  /// The incarnation was written, or was not; a list shows which.
  mutating func raised() {
    if case .raise = self.step { self.step = .list }
  }

  /// What the watch has shown so far, for an audit that begins now; nil: nothing is watched.
  var auditMark: AuditMark? {
    guard self.step == .watch else { return nil }
    return AuditMark(incarnation: self.incarnation, revision: self.newest)
  }

  /// A list that was asked for beside the watch, to see whether the watch shows everything.
  ///
  /// - Parameter mark: `auditMark` when it was asked for.
  /// - Returns: whether it has what the watch has not shown yet. If that is so a while later as well, the
  ///   watch is dead: `missed`.
  mutating func audited(_ listing: KeyListing, since mark: AuditMark) -> Bool {
    guard self.step == .watch, mark.incarnation == self.incarnation else { return false }
    if listing.revision < mark.revision { self.isHistoryOver = true }
    guard !self.isHistoryOver, self.incarnation(in: listing).value == self.incarnation else {
      self.listAll()
      return false
    }
    return self.isAhead(listing)
  }

  /// The watch has had time enough to show what was listed.
  mutating func missed(_ listing: KeyListing, since mark: AuditMark) {
    guard self.step == .watch, mark.incarnation == self.incarnation, self.isAhead(listing) else {
      return
    }
    self.listAll()
  }

  private mutating func listAll() {
    self.hasGap = true
    self.step = .list
  }

  /// What is listed is not taken here: a change that came and went before it may be on its way.
  private func isAhead(_ listing: KeyListing) -> Bool {
    listing.revision > self.newest && self.roster(of: listing) != self.roster
  }

  private func roster(of listing: KeyListing) -> MemberRoster {
    var roster = MemberRoster(keys: self.keys)
    for keyValue in listing.keyValues { roster.put(keyValue) }
    return roster
  }

  private mutating func take(_ listing: KeyListing, _ now: Instant) -> [Notice] {
    let roster = self.roster(of: listing)
    if roster != self.roster {
      // When a key was deleted no list says: at the latest when it was made.
      let last =
        self.roster.isContained(in: roster) ? roster.newestRevision : listing.revision
      self.changedAt = max(self.changedAt, last)
    }
    self.roster = roster
    self.newest = listing.revision
    return [.own(self.roster[self.id], at: listing.revision)] + self.resolve(now)
      + self.refresh(now)
  }

  /// 0 where there is none, or what is there is no number.
  private func incarnation(in listing: KeyListing) -> (value: UInt64, revision: Revision) {
    let key = Array(self.keys.incarnation.utf8)
    guard let keyValue = listing.keyValues.first(where: { $0.key == key }) else {
      return (0, .current)
    }
    return (UInt64(digits: keyValue.value) ?? 0, keyValue.modRevision)
  }

  // MARK: - From the watch

  /// Keys were written or deleted. Each revision makes a view of its own: a ring that came and went while
  /// this node was away was gone by, all the same, by others. But members that are lost are judged
  /// together: see `LossHold`.
  mutating func changed(_ events: [WatchEvent], _ now: Instant) -> [Notice] {
    if events.contains(where: self.isLoss) { return self.changedAtOnce(events, now) }
    var notices: [Notice] = []
    var rest = events[...]
    while let first = rest.first {
      let revision = first.keyValue.modRevision
      let atOnce = rest.prefix { $0.keyValue.modRevision == revision }
      notices += self.changedAtOnce(Array(atOnce), now)
      rest = rest.dropFirst(atOnce.count)
    }
    return notices
  }

  /// A member is gone from the ring without having said so.
  private func isLoss(_ event: WatchEvent) -> Bool {
    guard event.kind == .delete, case .node(let id) = self.keys.meaning(of: event.keyValue.key)
    else {
      return false
    }
    return self.roster[id]?.isOnRing ?? false
  }

  private mutating func changedAtOnce(_ events: [WatchEvent], _ now: Instant) -> [Notice] {
    guard self.step == .watch else { return [] }
    var notices: [Notice] = []
    for event in events where event.keyValue.modRevision > self.newest {
      let key = event.keyValue.key
      switch self.keys.meaning(of: key) {
      case .incarnation:
        if event.kind == .delete || UInt64(digits: event.keyValue.value) != self.incarnation {
          // Another node has found a new history, or somebody has tampered: a list shows which, and
          // whether what is known still holds.
          self.listAll()
          return notices
        }
      case .foreign: self.roster.apply(event)
      case .node(let id):
        self.roster.apply(event)
        self.changedAt = max(self.changedAt, event.keyValue.modRevision)
        if id == self.id {
          notices.append(.own(self.roster[id], at: event.keyValue.modRevision))
        }
      }
    }
    // Not before all of them: those of one revision happened at once.
    if let last = events.last { self.newest = max(self.newest, last.keyValue.modRevision) }
    return notices + self.resolve(now) + self.refresh(now)
  }

  /// The watch shows nothing more.
  mutating func watchEnded(_ end: WatchEnd) {
    guard self.step == .watch else { return }
    if case .newHistory = end { self.isHistoryOver = true }
    self.listAll()
  }

  /// Another node has an epoch of this incarnation.
  mutating func heard(incarnation: UInt64) {
    if self.step == .watch, incarnation > self.incarnation { self.step = .list }
  }

  // MARK: - From this node

  /// Whether there is a lease, and what the node may do.
  mutating func stands(
    _ standing: ClusterView.Standing, hasLease: Bool, _ now: Instant
  ) -> [Notice] {
    guard standing != self.standing || hasLease != self.hasLease else { return [] }
    if hasLease && !self.hasLease { self.hold.leaseRegained(now) }
    self.hasLease = hasLease
    self.standing = standing
    self.tenure.stands(isolated: standing == .isolated, now)
    return self.refresh(now)
  }

  /// Time has passed.
  mutating func tick(_ now: Instant) -> [Notice] {
    self.hold.since == nil ? [] : self.refresh(now)
  }

  /// The roster is another.
  private mutating func resolve(_ now: Instant) -> [Notice] {
    if let made = self.roster.createRevision(of: self.id) {
      self.tenure.registered(made: made, history: self.incarnation, now)
    }
    let (members, faults) = self.roster.members()
    defer { self.faults = Set(faults) }
    self.members = members
    let newFaults = faults.filter { !self.faults.contains($0) }
    return newFaults.isEmpty ? [] : [.malformed(newFaults)]
  }

  /// What is to be told, now that something is another.
  private mutating func refresh(_ now: Instant) -> [Notice] {
    // Nothing was listed yet.
    guard self.incarnation > 0 else { return [] }
    var notices: [Notice] = []
    let wasHeld = self.hold.since != nil
    let lost = self.view.map { LossHold.lost(self.members, after: $0.members) } ?? []
    let view: ClusterView
    if let shown = self.view,
      !self.hold.admits(self.members, after: shown.members, hasLease: self.hasLease, now)
    {
      if !wasHeld { notices.append(.lossHeld(ids: lost)) }
      view = ClusterView(
        epoch: shown.epoch, members: shown.members, standing: self.standing,
        tenure: self.tenure.number)
    } else {
      if wasHeld, !lost.isEmpty { notices.append(.lossApplied(ids: lost)) }
      let revision = UInt64(clamping: self.changedAt.rawValue)
      view = ClusterView(
        epoch: Epoch(incarnation: self.incarnation, revision: revision), members: self.members,
        standing: self.standing, tenure: self.tenure.number)
    }
    if view != self.view {
      self.view = view
      notices.append(.publish(view))
    }
    return notices
  }
}

/// What a node had seen of etcd's history at one moment.
struct AuditMark: Hashable, Sendable {
  let incarnation: UInt64
  let revision: Revision
}
