internal import CacheStore

// What this node is to get of others.
extension HandoverMachine {
  /// The node sends an order: the process may seal the hashes whether or not its answer arrives.
  mutating func asks(_ process: MemberProcess, _ order: SealOrder) {
    self.debts[process] = (self.debts[process] ?? .none).union(order.arcs)
    self.gains = self.split(order.arcs, where: { $0.vias(of: process) != nil }) { gain in
      var gain = gain
      gain.asks(process)
      return [gain]
    }
  }

  /// A process has answered an order of this node.
  mutating func sealed(by process: MemberProcess, _ order: SealOrder, _ answer: SealAnswer) {
    self.gains = self.split(order.arcs) { gain in
      gain.since <= order.epoch && gain.vias(of: process) != nil
    } into: { gain in
      answer.holdings.reduce([gain]) { parts, holding in
        parts.flatMap { part in
          [part.arcs.intersection(holding.arcs), part.arcs.subtracting(holding.arcs)]
            .filter { !$0.isEmpty }.map { part.part($0) }
        }
      }.map { part in
        var part = part
        let holdings = answer.holdings.filter { !$0.arcs.intersection(part.arcs).isEmpty }
        part.hasAnswered(process, order.vias, holdings, own: self.own)
        part.keep(self.alive, own: self.own)
        return part
      }
    }
    self.settle()
  }

  /// The process does not hold them for this node any more.
  mutating func released(_ arcs: ArcSet, by process: MemberProcess) {
    let (owed, done) = (self.debts[process] ?? .none, self.finished[process] ?? .none)
    self.debts[process] = owed.subtracting(arcs).nonEmpty
    self.finished[process] = done.subtracting(arcs).nonEmpty
  }

  /// Notes what neither this node nor an heir of it will ask for again.
  mutating func finish() {
    for index in self.gains.indices {
      for process in self.gains[index].takeClaimsGivenUp() {
        let done = self.debts[process]?.intersection(self.gains[index].arcs) ?? .none
        self.finished[process] = done.union(self.finished[process] ?? .none).nonEmpty
      }
    }
    for (process, owed) in self.debts {
      let gained = self.gains.reduce(ArcSet.none) { sum, gain in
        gain.mayAsk(process) ? sum.union(gain.arcs) : sum
      }
      let wanted = self.losses.reduce(gained) { sum, loss in
        loss.predecessors.contains { $0.process == process } ? sum.union(loss.arcs) : sum
      }
      let done = owed.subtracting(wanted).union(self.finished[process] ?? .none)
      self.finished[process] = done.nonEmpty
    }
  }

  /// All that the process holds of these hashes is here.
  ///
  /// - Parameters:
  ///   - epoch: by which they were asked for.
  ///   - isFloored: some of what this node has held since before may have been deleted there.
  mutating func received(
    _ arcs: ArcSet, from process: MemberProcess, by epoch: Epoch, isFloored: Bool = false
  ) {
    self.gains = self.split(arcs) {
      $0.phase == .incoming && $0.holders.first?.process == process
        && $0.since <= epoch
    } into: { gain in
      var gain = gain
      gain.received()
      if isFloored { gain.giveUpOlder(own: self.own) }
      return [gain]
    }
    self.settle()
  }

  /// Copies at or below the version are gone from gains that waited for that.
  mutating func gainsCleared(_ arcs: ArcSet, through version: Version) {
    self.gains = self.split(arcs) {
      $0.phase == .clearing && $0.clearsThrough == version
    } into: { gain in
      var gain = gain
      gain.cleared()
      return [gain]
    }
    self.settle()
  }

  /// The node wants no more of what the process holds: what it has is all there is from now on.
  ///
  /// - Parameter epoch: by which it was to get it; what it gains by a later one is another matter.
  mutating func cancel(_ arcs: ArcSet, from process: MemberProcess, by epoch: Epoch) {
    self.gains = self.split(arcs) {
      $0.phase == .incoming && $0.holders.first?.process == process && $0.since <= epoch
    } into: { gain in
      var gain = gain
      gain.giveUp(own: self.own)
      return [gain]
    }
    self.settle()
  }

  /// What a process streams to this node, as far as this was to get it by that epoch already.
  func incoming(from process: MemberProcess, by epoch: Epoch) -> ArcSet {
    self.gains.lazy.filter {
      $0.phase == .incoming && $0.holders.first?.process == process && $0.since <= epoch
    }.reduce(.none) { $0.union($1.arcs) }
  }

  /// Whether what a process holds of that is not the oldest that this node is to get.
  func hasOlder(than process: MemberProcess, by epoch: Epoch) -> Bool {
    self.gains.contains {
      $0.holders.count > 1 && $0.holders[0].process == process && $0.since <= epoch
    }
  }

  /// The gain of a hash; nil: nothing is missing.
  func gain(of hash: UInt64) -> Gain? { self.gains.first { $0.arcs.contains(hash) } }

  /// What event loops are to know.
  var arrivals: Arrivals {
    Arrivals(
      self.gains.map { gain in
        switch gain.phase {
        case .unsealed, .clearing: (gain.arcs, .unsealed)
        case .incoming, .whole: (gain.arcs, .incoming(trustedAbove: gain.trustedAbove()))
        }
      })
  }

  /// The gains, with others in the place of what some of them have of these hashes.
  func split(
    _ arcs: ArcSet, where isMeant: (Gain) -> Bool, into parts: (Gain) -> [Gain]
  ) -> [Gain] {
    self.gains.flatMap { gain in
      let concerned = gain.arcs.intersection(arcs)
      guard !concerned.isEmpty, isMeant(gain) else { return [gain] }
      return [gain.part(gain.arcs.subtracting(concerned))] + parts(gain.part(concerned))
    }.filter { !$0.arcs.isEmpty }
  }
}

extension ArcSet {
  /// Nil where there is nothing in it.
  fileprivate var nonEmpty: Self? { self.isEmpty ? nil : self }
}
