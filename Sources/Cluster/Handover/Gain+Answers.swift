internal import CacheStore

// What the processes that are asked say: who has what, and whom they name.
extension Gain {
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
      // It may have lost them more than once without having served.
      let claims = holdings.filter { $0.isEmpty && $0.via == holding.via }
      self.neverServed(
        by: process, via: holding.via, claims: claims.flatMap(\.predecessors), own: own)
    }
    for holding in holdings where !holding.isEmpty { self.sealed(by: process, holding, own: own) }
    self.holders.removeAll {
      $0.process == process && !$0.isSealed && ($0.namer.map(vias.contains) ?? true)
    }
    if self.disputed.remove(process) != nil { self.giveUpClaims(on: process) }
  }

  /// A process never served the hashes, but may have claimed what others hold.
  private mutating func neverServed(
    by process: MemberProcess, via: MemberProcess?, claims: [Predecessor], own: MemberProcess
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
    _ = self.insert(
      claims, at: index + 1, namer: process, isSuperseded: holder.isSuperseded, own: own)
  }

  /// A process has served the hashes, and given them up.
  private mutating func sealed(
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
