internal import CacheStore

// What others are to get of this node.
extension HandoverMachine {
  /// All event loops go by the ring of this epoch: what was lost by then does not change any more.
  mutating func isInstalled(_ epoch: Epoch) { self.installed = max(self.installed, epoch) }

  /// Another node asks this one to give hashes up.
  ///
  /// - Parameter clock: the newest version of this node, now.
  mutating func seal(
    _ order: SealOrder, clock: Version, _ now: Instant
  ) throws(HandoverRefusal) -> SealAnswer {
    // What this node has lost by a ring that its loops do not all go by is still being served.
    guard order.epoch <= self.installed, self.epoch == self.installed else { throw .wait }
    guard self.owns(order.heir, order.arcs, since: order.epoch) else { throw .epochPassed }
    func isConcerned(_ loss: Loss) -> Bool {
      loss.isFor(order.heir, vias: order.vias) && !loss.arcs.intersection(order.arcs).isEmpty
    }
    let concerned = self.losses.filter(isConcerned)
    guard concerned.allSatisfy({ $0.clearsThrough == nil }) else { throw .wait }
    self.losses.removeAll(where: isConcerned)
    var answer = SealAnswer(clock: clock, holdings: [])
    for loss in concerned {
      let part = loss.arcs.intersection(order.arcs)
      let rest = loss.arcs.subtracting(part)
      if !rest.isEmpty { self.losses.append(loss.part(rest)) }
      var given = loss.part(part)
      given.seal(for: order.heir, by: order.epoch, clock: clock)
      given.usedAt = now
      self.losses.append(given)
      answer.holdings.append(SealAnswer.Holding(arcs: part, predecessors: loss.predecessors))
    }
    return answer
  }

  /// For which heirs are sure to come. What this node was about to ask others for, and has asked nobody,
  /// they find where it was.
  var awaited: [Loss] {
    let asked = self.debts.values.reduce(ArcSet.none) { $0.union($1) }
    return self.losses.filter { !$0.wasUnsealed || !$0.arcs.intersection(asked).isEmpty }
  }

  /// Whether what this node holds under a hash is the heir's.
  func isSealed(_ hash: UInt64, for heir: MemberProcess) -> Bool {
    self.losses.contains { $0.heir == heir && $0.arcs.contains(hash) }
  }

  /// What is sealed, by for whom.
  var sealedByHeir: [MemberProcess: ArcSet] {
    self.losses.reduce(into: [:]) { sealed, loss in
      if let heir = loss.heir { sealed[heir] = (sealed[heir] ?? .none).union(loss.arcs) }
    }
  }

  /// The part of `arcs` of which that is so. The heir has asked for it.
  mutating func sealed(_ arcs: ArcSet, for heir: MemberProcess, _ now: Instant) -> ArcSet {
    var sealed = ArcSet.none
    for index in self.losses.indices where self.losses[index].heir == heir {
      self.losses[index].usedAt = now
      sealed = sealed.union(self.losses[index].arcs.intersection(arcs))
    }
    return sealed
  }

  /// The heir has what this node held.
  mutating func handedOver(_ arcs: ArcSet, to heir: MemberProcess, by epoch: Epoch) {
    self.forget(arcs) { $0.heir == heir && $0.sealedBy <= epoch }
  }

  /// Copies at or below the version are gone from losses that waited for that.
  mutating func lossesCleared(_ arcs: ArcSet, through version: Version) {
    for index in self.losses.indices
    where self.losses[index].clearsThrough == version
      && self.losses[index].arcs.subtracting(arcs).isEmpty
    {
      self.losses[index].clearsThrough = nil
    }
  }

  /// Begins to forget all that is to be forgotten by now: what is lost meanwhile comes next.
  mutating func beginForgetting() -> ArcSet {
    self.forgetting = self.forgetting.union(self.forgettingNext)
    self.forgettingNext = .none
    return self.forgetting
  }

  /// What was begun is done.
  mutating func endForgetting() { self.forgetting = .none }
}
