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
    guard self.owned(by: order.heir, order.arcs, since: order.epoch) == order.arcs else {
      throw .epochPassed
    }
    let claims = self.losses.indices.flatMap { index in
      self.claims(of: order, on: self.losses[index]).map { (index: index, claim: $0) }
    }
    guard claims.allSatisfy({ self.isReady(self.losses[$0.index]) }) else { throw .wait }
    var answer = SealAnswer(clock: clock, holdings: [])
    for (index, claim) in claims {
      var given = self.losses[index].part(claim.arcs)
      given.seal(for: order.heir, via: claim.via, by: order.epoch, clock: clock, now)
      self.losses[index].arcs = self.losses[index].arcs.subtracting(claim.arcs)
      self.losses.append(given)
      answer.holdings.append(
        SealAnswer.Holding(
          arcs: claim.arcs, predecessors: given.predecessors, via: claim.via,
          isEmpty: given.isEmpty))
    }
    self.losses.removeAll { $0.arcs.isEmpty }
    return answer
  }

  /// What is older is gone: here, and where this node had claimed something that counts no more.
  private func isReady(_ loss: Loss) -> Bool {
    loss.clearsThrough == nil
      && loss.predecessors.allSatisfy { predecessor in
        loss.arcs.intersection(self.finished[predecessor.process] ?? .none).isEmpty
      }
  }

  /// Which hashes of a loss are the heir's, and on whose behalf.
  private func claims(
    of order: SealOrder, on loss: Loss
  ) -> [(arcs: ArcSet, via: MemberProcess?)] {
    let arcs = loss.arcs.intersection(order.arcs)
    guard !arcs.isEmpty else { return [] }
    guard let heir = loss.heir else { return [(arcs, nil)] }
    guard heir == order.heir else { return order.vias.contains(heir) ? [(arcs, heir)] : [] }
    // It may not have had the answer. Where it has lost them since, and got them back, somebody else may
    // have newer entries, and must name it first.
    let again = self.owned(by: heir, arcs, since: loss.sealedBy)
    let anew = order.vias.contains(heir) ? arcs.subtracting(again) : .none
    return [(again, loss.via), (anew, heir)].filter { !$0.0.isEmpty }
  }

  /// For which heirs are sure to come. What this node was about to ask others for, and has asked nobody,
  /// they find where it was; and who comes for what it has asked for, and never had, comes soon.
  func awaited(_ now: Instant) -> [Loss] {
    let asked = self.debts.values.reduce(ArcSet.none) { $0.union($1) }
    return self.losses.filter { loss in
      guard loss.isEmpty else { return true }
      let mayCome = loss.heir != nil || now < loss.usedAt + Self.emptyMax
      return mayCome && !loss.arcs.intersection(asked).isEmpty
    }
  }

  /// The hashes whose entries are sealed, by for whom.
  var sealedByHeir: [MemberProcess: ArcSet] {
    self.losses.lazy.filter { !$0.isEmpty }.reduce(into: [:]) { sealed, loss in
      if let heir = loss.heir { sealed[heir] = (sealed[heir] ?? .none).union(loss.arcs) }
    }
  }

  /// The part of `arcs` of which that is so. The heir has asked for it.
  mutating func sealed(_ arcs: ArcSet, for heir: MemberProcess, _ now: Instant) -> ArcSet {
    var sealed = ArcSet.none
    for index in self.losses.indices where self.losses[index].heir == heir {
      self.losses[index].usedAt = now
      if self.losses[index].isEmpty { continue }
      sealed = sealed.union(self.losses[index].arcs.intersection(arcs))
    }
    return sealed
  }

  /// The heir has what this node held.
  mutating func handedOver(_ arcs: ArcSet, to heir: MemberProcess, by epoch: Epoch) {
    // Where this node has them again, but has not served them, they are lost as they were.
    self.gains = self.split(arcs, where: { $0.held.contains { $0.heir == heir } }) { gain in
      var gain = gain
      gain.handedOver(to: heir, by: epoch)
      return [gain]
    }
    self.settle()
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
