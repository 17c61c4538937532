internal import CacheStore

// What this node is to get of others.
extension HandoverMachine {
  /// A process has answered an order of this node.
  mutating func sealed(
    by process: MemberProcess, via: MemberProcess?, asked: ArcSet, _ answer: SealAnswer
  ) {
    self.gains = self.split(asked) {
      $0.holders.contains { $0.process == process && $0.via == via && !$0.isSealed }
    } into: { gain in
      var rest = gain.arcs
      var parts: [Gain] = []
      for holding in answer.holdings {
        let held = holding.arcs.intersection(rest)
        if held.isEmpty { continue }
        rest = rest.subtracting(held)
        var part = gain.part(held)
        part.isHeld(by: process, via: via, predecessors: holding.predecessors, own: self.own)
        part.keep(self.alive, own: self.own)
        parts.append(part)
      }
      var part = gain.part(rest)
      part.isNotHeld(by: process, via: via)
      return parts + [part]
    }
    self.settle()
  }

  /// All that the process holds of these hashes is here.
  mutating func received(_ arcs: ArcSet, from process: MemberProcess) {
    self.gains = self.split(arcs) {
      $0.phase(own: self.own) == .incoming && $0.holders.first?.process == process
    } into: { gain in
      var gain = gain
      gain.received()
      return [gain]
    }
    self.settle()
  }

  /// Copies at or below the version are gone from gains that waited for that.
  mutating func gainsCleared(_ arcs: ArcSet, through version: Version) {
    self.gains = self.split(arcs) {
      $0.phase(own: self.own) == .clearing && $0.heldThrough == version
    } into: { gain in
      var gain = gain
      gain.cleared()
      return [gain]
    }
    self.settle()
  }

  /// The node wants no more of what the process holds: what it has is all there is from now on.
  mutating func cancel(_ arcs: ArcSet, from process: MemberProcess) {
    self.gains = self.split(arcs) {
      $0.phase(own: self.own) == .incoming && $0.holders.first?.process == process
    } into: { gain in
      var gain = gain
      gain.giveUp()
      return [gain]
    }
    self.settle()
  }

  /// The gain of a hash; nil: nothing is missing.
  func gain(of hash: UInt64) -> Gain? { self.gains.first { $0.arcs.contains(hash) } }

  /// What event loops are to know.
  var arrivals: Arrivals {
    Arrivals(
      self.gains.map { gain in
        switch gain.phase(own: self.own) {
        case .unsealed, .clearing: (gain.arcs, .unsealed)
        case .incoming, .whole:
          (gain.arcs, .incoming(trustedAbove: gain.heldThrough ?? .none))
        }
      })
  }

  /// The gains, with others in the place of what some of them have of these hashes.
  private func split(
    _ arcs: ArcSet, where isMeant: (Gain) -> Bool, into parts: (Gain) -> [Gain]
  ) -> [Gain] {
    self.gains.flatMap { gain in
      let concerned = gain.arcs.intersection(arcs)
      guard !concerned.isEmpty, isMeant(gain) else { return [gain] }
      return [gain.part(gain.arcs.subtracting(concerned))] + parts(gain.part(concerned))
    }.filter { !$0.arcs.isEmpty }
  }
}
