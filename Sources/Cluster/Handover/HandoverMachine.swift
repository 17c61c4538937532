internal import CacheStore

/// What one node gains and loses as the ring changes, and what is to be done about it. No I/O and no clock.
///
/// An arc has one writer. A node that gains hashes serves none of them before all that may have served
/// them have given them up (`Peer.Seal`); from then on what those hold never changes, so that it can be
/// asked for and streamed in any order, by one heir after the other.
///
/// What is to be done is not told as it comes up but shown, in `work`: whoever does it looks after each
/// event, begins what is new, and ends what is there no more.
struct HandoverMachine {
  typealias Instant = ContinuousClock.Instant

  /// A ring that this node has seen, and when another took its place.
  private struct Past {
    var placement: Placement
    var endedAt: Instant?
  }

  let own: MemberProcess
  var gains: [Gain] = []
  var losses: [Loss] = []
  /// The hashes that this node owns.
  private(set) var owned = ArcSet.none
  private(set) var epoch = Epoch.unknown
  /// Oldest first; the last is the present one.
  private var past: [Past] = []
  private(set) var alive: Set<MemberProcess> = []
  /// Of them those that are on the ring, or were and hand over what they had.
  private var owners: Set<MemberProcess> = []
  /// Until when rings from before this node's first may matter, which it does not know.
  private var newUntil: Instant?
  private var isNew = true
  /// The node leaves, and keeps what nobody has come for until its own time is over.
  var keepsUnclaimed = false
  /// Of those that are to get what it has lost.
  var signs = HeirSigns()
  /// By which all event loops go.
  var installed = Epoch.unknown
  /// What others hold for this node, as far as it knows, and have to be told when it is done with.
  var debts: [MemberProcess: ArcSet] = [:]
  /// What of that it is done with: it does not count as held any more, should it be asked about again.
  var finished: [MemberProcess: ArcSet] = [:]
  /// Hashes whose copies are being forgotten, and those that are to be forgotten next.
  var forgetting = ArcSet.none
  var forgettingNext = ArcSet.none

  /// Nodes may be behind by this much, and still serve by a ring that is over.
  static let pastMax: Duration = .seconds(30)
  /// How long entries that nobody comes for are kept.
  static let unsealedMax: Duration = .seconds(45)
  /// How long a node that stops waits for somebody to ask what it was to get, and never had.
  static let emptyMax: Duration = .seconds(5)
  /// How long entries are kept whose heir asks for nothing more.
  static let sealedMax: Duration = .seconds(600)

  init(own: MemberProcess) { self.own = own }

  // MARK: - The ring changes

  /// The node is to go by another ring, or others are there.
  ///
  /// - Parameters:
  ///   - before: the ring without this node, which most likely was the one before its first.
  ///   - alive: all processes that are registered, on the ring or not.
  ///   - owners: of them those that are on the ring, or leave it; nil: all.
  ///   - clock: the newest version of this node.
  mutating func change(
    to placement: Placement, before: Placement? = nil, alive: Set<MemberProcess>,
    owners: Set<MemberProcess>? = nil, clock: Version, _ now: Instant
  ) {
    self.alive = alive
    self.owners = owners ?? alive
    self.signs.keep(alive)
    for index in self.gains.indices { self.gains[index].keep(alive, own: self.own) }
    self.debts = self.debts.filter { alive.contains($0.key) }
    self.finished = self.finished.filter { alive.contains($0.key) }
    self.forgetForTheDead()
    if self.past.isEmpty {
      self.newUntil = now + Self.pastMax
      if let before { self.past = [Past(placement: before, endedAt: now)] }
    }
    self.isNew = self.newUntil.map { now < $0 } ?? true
    let next = placement.arcs(of: self.own)
    let lost = self.owned.subtracting(next)
    let gained = next.subtracting(self.owned)
    self.epoch = placement.epoch
    self.lose(lost, now)
    self.gain(gained, clock)
    // What is got back may have been named long ago.
    for index in self.gains.indices { self.gains[index].keep(alive, own: self.own) }
    self.owned = next
    self.remember(placement, now)
    self.settle()
    self.tick(now)
    self.expectHeirs(now)
  }

  /// The placement by the ring that the node goes by now.
  var placement: Placement? { self.past.last?.placement }

  /// Somebody has left the ring and waits until what it holds has been taken: this node, or one from which it
  /// gets something. One that has handed over all that it had, and stays, waits for nothing.
  var isUrgent: Bool {
    guard let placement = self.placement else { return false }
    let gone = self.owners.filter { placement.arcs(of: $0).isEmpty }
    if gone.isEmpty { return false }
    if gone.contains(self.own) { return !self.losses.isEmpty || !self.gains.isEmpty }
    return self.debts.keys.contains { gone.contains($0) }
      || self.losses.contains { $0.heir.map(gone.contains) ?? false }
      || self.gains.contains { $0.holders.contains { !$0.isEmpty && gone.contains($0.process) } }
  }

  /// Of these hashes those that a process owns by the present ring and all since an epoch.
  func owned(by process: MemberProcess, _ arcs: ArcSet, since epoch: Epoch) -> ArcSet {
    let last = self.past.count - 1
    return self.past.enumerated().reduce(arcs) { owned, past in
      past.offset < last && past.element.placement.epoch <= epoch
        ? owned : owned.intersection(past.element.placement.arcs(of: process))
    }
  }

  /// In the order of their ids, which is that of no hash table.
  private var others: [MemberProcess] {
    self.owners.subtracting([self.own])
      .sorted { ($0.id, $0.incarnation) < ($1.id, $1.incarnation) }
  }

  private mutating func remember(_ placement: Placement, _ now: Instant) {
    if let last = self.past.indices.last, self.past[last].endedAt == nil {
      if self.past[last].placement.arcs == placement.arcs {
        self.past[last].placement = placement
        return
      }
      self.past[last].endedAt = now
    }
    self.past.append(Past(placement: placement))
  }

  private mutating func lose(_ lost: ArcSet, _ now: Instant) {
    guard !lost.isEmpty else { return }
    var whole = lost
    for index in self.gains.indices {
      let part = self.gains[index].arcs.intersection(lost)
      if part.isEmpty { continue }
      whole = whole.subtracting(part)
      self.lose(self.gains[index].part(part), now)
      self.gains[index] = self.gains[index].part(self.gains[index].arcs.subtracting(part))
    }
    self.gains.removeAll { $0.arcs.isEmpty }
    if !whole.isEmpty { self.losses.append(Loss(arcs: whole, now)) }
  }

  /// What this node did not have whole is lost: its heir has to go on from there.
  private mutating func lose(_ gain: Gain, _ now: Instant) {
    let predecessors = gain.predecessors(own: self.own)
    if gain.hasServed {
      self.losses.append(
        Loss(
          arcs: gain.arcs, predecessors: predecessors, clearsThrough: gain.clearsThrough, now))
      return
    }
    // What it had held before is as it was: nothing was written over it.
    self.losses += gain.held
    self.losses.append(
      Loss(
        arcs: gain.arcs, predecessors: predecessors, isEmpty: true, asksAll: gain.asksAll, now))
    if gain.clearsThrough != nil {
      self.forgettingNext = self.forgettingNext.union(gain.arcs)
    }
  }

  private mutating func gain(_ gained: ArcSet, _ clock: Version) {
    let dropped = gained.intersection(self.forgetting.union(self.forgettingNext))
    self.forgetting = self.forgetting.subtracting(dropped)
    self.forgettingNext = self.forgettingNext.subtracting(dropped)
    let before = self.gains
    self.gains = []
    var rest = gained
    while let first = self.losses.first(where: { !$0.arcs.intersection(rest).isEmpty }) {
      // A part of which all is lost in the same ways.
      var part = first.arcs.intersection(rest)
      for loss in self.losses {
        let common = loss.arcs.intersection(part)
        if !common.isEmpty { part = common }
      }
      let lost = self.losses.filter { !$0.arcs.intersection(part).isEmpty }
      for index in self.losses.indices {
        self.losses[index].arcs = self.losses[index].arcs.subtracting(part)
      }
      self.losses.removeAll { $0.arcs.isEmpty }
      rest = rest.subtracting(part)
      self.regain(part, lost.map { $0.part(part) })
    }
    self.gainAnew(rest)
    // What is left of copies that were being forgotten has to go first.
    self.gains =
      before
      + self.split(dropped, where: { _ in true }) { gain in
        var gain = gain
        gain.clear(through: clock)
        return [gain]
      }
  }

  /// Hashes are this node's again that it had lost, once or several times over.
  private mutating func regain(_ part: ArcSet, _ lost: [Loss]) {
    if let loss = lost.first(where: { !$0.isEmpty && $0.heir == nil }) {
      // Nobody has served them since.
      let holders = loss.predecessors.map { predecessor in
        Gain.Holder(
          process: predecessor.process, namer: self.own, isCertain: true, isSealed: true,
          through: predecessor.through)
      }
      self.gains.append(
        Gain(
          arcs: part, since: self.epoch, holders: holders, clearsThrough: loss.clearsThrough,
          hasServed: true))
      return
    }
    self.gainAnew(
      part, held: lost.filter { $0.heir != nil }, asksAll: lost.contains(where: \.asksAll)
    ) { gain, own in
      // What it was to ask for, and nobody else has asked for instead.
      for loss in lost where loss.heir == nil {
        _ = gain.insert(loss.predecessors, at: gain.holders.count, namer: own, own: own)
      }
    }
  }

  /// Makes gains of the hashes, by who may have served them before.
  private mutating func gainAnew(
    _ arcs: ArcSet, held: [Loss] = [], asksAll: Bool = false,
    _ add: (inout Gain, MemberProcess) -> Void = { _, _ in }
  ) {
    guard !arcs.isEmpty else { return }
    for (owners, arcs) in self.owners(of: arcs) {
      var gain = Gain(
        arcs: arcs, since: self.epoch, holders: owners.map { Gain.Holder(process: $0) },
        held: held.map { $0.part(arcs) }, asksAll: self.isNew || asksAll)
      add(&gain, self.own)
      self.gains.append(gain)
    }
  }

  /// Parts of the hashes, by the other processes that owned them lately: newest first.
  private func owners(of arcs: ArcSet) -> [(owners: [MemberProcess], arcs: ArcSet)] {
    var groups: [(owners: [MemberProcess], arcs: ArcSet)] = [([], arcs)]
    for past in self.past.reversed() {
      let others = past.placement.inOrder.filter {
        $0.process != self.own && self.alive.contains($0.process)
      }
      groups = groups.flatMap { group in
        var rest = group.arcs
        var parts: [(owners: [MemberProcess], arcs: ArcSet)] = []
        for (process, owned) in others where !group.owners.contains(process) {
          let part = rest.intersection(owned)
          if part.isEmpty { continue }
          rest = rest.subtracting(part)
          parts.append((group.owners + [process], part))
        }
        if !rest.isEmpty { parts.append((group.owners, rest)) }
        return parts
      }
    }
    return groups
  }

  /// Gains that are alike become one, and those that are whole are none any more.
  mutating func settle() {
    var merged: [Gain] = []
    for var gain in self.gains {
      gain.settle(own: self.own, others: self.others)
      if gain.phase == .whole { continue }
      if let same = merged.firstIndex(where: { $0.isAlike(gain) }) {
        merged[same].join(gain)
      } else {
        merged.append(gain)
      }
    }
    self.gains = merged
    self.finish()
  }

  /// What is sealed for somebody who is gone: who comes next is told that there is nothing, as what was
  /// newer is lost.
  private mutating func forgetForTheDead() {
    let alive = self.alive
    self.forget(.all) { $0.heir.map { !alive.contains($0) } ?? false }
  }

  // MARK: - Time

  /// Time changes nothing: nothing is gained or lost, and no ring is still to be forgotten.
  var isAtRest: Bool { self.gains.isEmpty && self.losses.isEmpty && self.past.count <= 2 }

  /// Time has passed.
  mutating func tick(_ now: Instant) {
    for loss in self.losses {
      let isOver =
        loss.heir.map { self.isIdle(loss, of: $0, now) }
        ?? (now >= loss.usedAt + Self.unsealedMax && !self.keepsUnclaimed)
      if isOver { self.forget(loss.arcs) { $0.heir == loss.heir } }
    }
    let last = self.past.count - 1
    self.past = self.past.enumerated().filter { index, past in
      index >= last - 1 || past.endedAt.map { now < $0 + Self.pastMax } ?? true
    }.map(\.element)
  }

  /// An heir that lives says when it wants no more; one that owns the hashes no longer may have told
  /// nobody.
  private func isIdle(_ loss: Loss, of heir: MemberProcess, _ now: Instant) -> Bool {
    now >= loss.usedAt + (loss.isEmpty ? Self.unsealedMax : Self.sealedMax)
      && loss.arcs.intersection(self.placement?.arcs(of: heir) ?? .none).isEmpty
  }

  /// Ends losses, as far as they are of these hashes.
  mutating func forget(_ arcs: ArcSet, where isMeant: (Loss) -> Bool) {
    for index in self.losses.indices where isMeant(self.losses[index]) {
      let part = self.losses[index].arcs.intersection(arcs)
      self.losses[index].arcs = self.losses[index].arcs.subtracting(part)
      if self.losses[index].isEmpty { continue }
      self.forgettingNext = self.forgettingNext.union(part)
    }
    self.losses.removeAll { $0.arcs.isEmpty }
    self.finish()
  }
}
