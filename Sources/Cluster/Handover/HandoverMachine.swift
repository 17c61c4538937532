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
  /// How long entries are kept whose heir asks for nothing more.
  static let sealedMax: Duration = .seconds(600)

  init(own: MemberProcess) { self.own = own }

  // MARK: - The ring changes

  /// The node is to go by another ring, or others are there.
  ///
  /// - Parameters:
  ///   - before: rings by which others may have served what this node gains with its first, newest last.
  ///   - alive: all processes that are registered, on the ring or not.
  ///   - clock: the newest version of this node.
  mutating func change(
    to placement: Placement, before: [Placement] = [], alive: Set<MemberProcess>, clock: Version,
    _ now: Instant
  ) {
    self.alive = alive
    for index in self.gains.indices { self.gains[index].keep(alive, own: self.own) }
    self.debts = self.debts.filter { alive.contains($0.key) }
    self.finished = self.finished.filter { alive.contains($0.key) }
    self.finish()
    if self.past.isEmpty { self.past = before.map { Past(placement: $0, endedAt: now) } }
    let next = placement.arcs(of: self.own)
    let lost = self.owned.subtracting(next)
    let gained = next.subtracting(self.owned)
    self.epoch = placement.epoch
    self.lose(lost, now)
    self.gain(self.regain(gained, clock), heldThrough: nil)
    // What is got back may have been named long ago.
    for index in self.gains.indices { self.gains[index].keep(alive, own: self.own) }
    self.owned = next
    self.remember(placement, now)
    self.settle()
    self.tick(now)
  }

  /// The placement by the ring that the node goes by now.
  var placement: Placement? { self.past.last?.placement }

  /// Whether a process owns hashes by the present ring and all since an epoch.
  func owns(_ process: MemberProcess, _ arcs: ArcSet, since epoch: Epoch) -> Bool {
    let last = self.past.count - 1
    return self.past.enumerated().allSatisfy { index, past in
      index < last && past.placement.epoch <= epoch
        || arcs.subtracting(past.placement.arcs(of: process)).isEmpty
    }
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
      self.losses.append(self.loss(of: part, from: self.gains[index], now))
      self.gains[index].arcs = self.gains[index].arcs.subtracting(part)
    }
    self.gains.removeAll { $0.arcs.isEmpty }
    if !whole.isEmpty { self.losses.append(Loss(arcs: whole, epoch: self.epoch, now)) }
  }

  /// What this node did not have whole is lost: its heir has to go on from there.
  private func loss(of part: ArcSet, from gain: Gain, _ now: Instant) -> Loss {
    var predecessors: [Predecessor] = []
    for holder in gain.holders {
      // What it held before is mixed with what came since: it is given up, and all that is older with
      // it.
      if holder.process == self.own { break }
      predecessors.append(
        Predecessor(
          holder.process, isCertain: holder.isCertain || holder.isSealed,
          isSuperseded: holder.isSuperseded
            || gain.heldThrough != nil && gain.olderThanHeld.contains(holder.process)))
    }
    return Loss(
      arcs: part, epoch: self.epoch, predecessors: predecessors,
      wasUnsealed: gain.phase(own: self.own) == .unsealed, clearsThrough: gain.heldThrough, now)
  }

  /// - Returns: what of `gained` is not this node's again.
  private mutating func regain(_ gained: ArcSet, _ clock: Version) -> ArcSet {
    var rest = gained
    for index in self.losses.indices {
      let loss = self.losses[index]
      let part = loss.arcs.intersection(rest)
      if part.isEmpty { continue }
      self.losses[index].arcs = loss.arcs.subtracting(part)
      rest = rest.subtracting(part)
      if loss.heir != nil, loss.wasUnsealed {
        // It never had anything of them itself.
        self.gain(
          part, heldThrough: nil, olderThanHeld: Set(loss.predecessors.map(\.process)))
      } else if let heir = loss.heir {
        self.gain(
          part, heldThrough: loss.clock, olderThanHeld: Set(loss.predecessors.map(\.process)),
          heldHeir: heir)
      } else {
        self.gain(part, again: loss)
      }
    }
    self.losses.removeAll { $0.arcs.isEmpty }
    let broken = rest.intersection(self.forgetting.union(self.forgettingNext))
    guard !broken.isEmpty else { return rest }
    self.forgetting = self.forgetting.subtracting(broken)
    self.forgettingNext = self.forgettingNext.subtracting(broken)
    self.gain(broken, heldThrough: clock)
    return rest.subtracting(broken)
  }

  /// Hashes that nobody has served since they were lost.
  private mutating func gain(_ part: ArcSet, again loss: Loss) {
    let holders = loss.predecessors.map { predecessor in
      Gain.Holder(
        process: predecessor.process, isCertain: predecessor.isCertain,
        isSealed: !loss.wasUnsealed && !predecessor.isSuperseded,
        isSuperseded: predecessor.isSuperseded)
    }
    // Where it has not sealed them, others may have, which owned the hashes meanwhile.
    for (owners, arcs) in loss.wasUnsealed ? self.owners(of: part) : [([], part)] {
      let others = owners.filter { owner in !holders.contains { $0.process == owner } }
      self.gains.append(
        Gain(
          arcs: arcs, since: self.epoch,
          holders: others.map { Gain.Holder(process: $0) } + holders,
          heldThrough: loss.clearsThrough))
    }
  }

  /// Makes gains of the hashes, by who may have served them before.
  private mutating func gain(
    _ arcs: ArcSet, heldThrough: Version?, olderThanHeld: Set<MemberProcess> = [],
    heldHeir: MemberProcess? = nil
  ) {
    guard !arcs.isEmpty else { return }
    for (owners, arcs) in self.owners(of: arcs) {
      let holders = owners.map { Gain.Holder(process: $0) }
      self.gains.append(
        Gain(
          arcs: arcs, since: self.epoch, holders: holders, heldThrough: heldThrough,
          olderThanHeld: olderThanHeld, heldHeir: heldHeir))
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
    for index in self.gains.indices where self.gains[index].phase(own: self.own) == .incoming {
      self.gains[index].adoptOwn(self.own)
    }
    var merged: [Gain] = []
    for gain in self.gains where gain.phase(own: self.own) != .whole {
      if let same = merged.firstIndex(where: { $0.isAlike(gain) }) {
        merged[same].arcs = merged[same].arcs.union(gain.arcs)
      } else {
        merged.append(gain)
      }
    }
    self.gains = merged
    self.finish()
  }

  // MARK: - Time

  /// Time changes nothing: nothing is gained or lost, and no ring is still to be forgotten.
  var isAtRest: Bool { self.gains.isEmpty && self.losses.isEmpty && self.past.count <= 2 }

  /// Time has passed.
  mutating func tick(_ now: Instant) {
    for loss in self.losses {
      let isOver =
        loss.heir.map { !self.alive.contains($0) || self.isIdle(loss, of: $0, now) }
        ?? (now >= loss.usedAt + Self.unsealedMax)
      // The heir's heir comes by itself, and is told that there is nothing: what was newer is lost.
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
    now >= loss.usedAt + Self.sealedMax
      && loss.arcs.intersection(self.placement?.arcs(of: heir) ?? .none).isEmpty
  }

  /// Ends losses, as far as they are of these hashes.
  mutating func forget(_ arcs: ArcSet, where isMeant: (Loss) -> Bool) {
    for index in self.losses.indices where isMeant(self.losses[index]) {
      let part = self.losses[index].arcs.intersection(arcs)
      self.losses[index].arcs = self.losses[index].arcs.subtracting(part)
      self.forgettingNext = self.forgettingNext.union(part)
    }
    self.losses.removeAll { $0.arcs.isEmpty }
    self.finish()
  }
}
