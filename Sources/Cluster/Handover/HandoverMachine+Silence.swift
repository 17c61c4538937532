internal import CacheStore

/// One that a node which has left the ring waits for.
struct AwaitedHeir: Equatable, Sendable {
  let process: MemberProcess
  /// How long ago it gave a sign of life; `HeirSigns` says what counts as one.
  let silence: Duration
  /// Of which this node holds entries for it; empty: it is only to hear whom else to ask.
  var arcs: ArcSet
}

// For whom a node waits that has left the ring, and for whom it does so in vain.
extension HandoverMachine {
  /// A process gives a sign of life.
  mutating func heard(from heir: MemberProcess, _ now: Instant) {
    // Of those that are no members nothing is kept: anybody may call himself anything.
    if self.alive.contains(heir) { self.signs.heard(from: heir, now) }
  }

  /// For whom a node waits that has left the ring: for those that have claimed what it has lost, and where
  /// nobody has, for those that own it now. In the order of their ids.
  func awaitedHeirs(_ now: Instant) -> [AwaitedHeir] {
    var heirs: [MemberProcess: AwaitedHeir] = [:]
    for loss in self.awaited(now) {
      for (process, arcs) in loss.heir.map({ [($0, loss.arcs)] }) ?? self.owners(of: loss.arcs) {
        var heir =
          heirs[process]
          ?? AwaitedHeir(
            process: process, silence: self.signs.silence(of: process, now), arcs: .none)
        if !loss.isEmpty { heir.arcs = heir.arcs.union(arcs) }
        heirs[process] = heir
      }
    }
    return heirs.values.sorted {
      ($0.process.id, $0.process.incarnation) < ($1.process.id, $1.process.incarnation)
    }
  }

  /// The node begins to wait, maybe once more: silence counts from now on, for nobody has seen before whether
  /// it meant anything, and who was waited for in vain is given another chance.
  mutating func beginsToWait(_ now: Instant) {
    for heir in self.awaitedHeirs(now) { self.signs.heard(from: heir.process, now) }
    self.signs.beginsToLook(now)
  }

  /// Whether there are some to wait for, and none of them gives a sign of life any more.
  ///
  /// - Parameters:
  ///   - silenceMax: longer than it takes until a process that is dead is off the ring.
  ///   - showsWhoLives: the ring shows who is alive. As long as it does not, one that is dead may still be on
  ///     it, and nothing follows from silence.
  mutating func waitsInVain(
    silenceMax: Duration, showsWhoLives: Bool, _ now: Instant
  ) -> Bool {
    guard self.signs.looks(countsSilence: showsWhoLives, now) else { return false }
    let heirs = self.awaitedHeirs(now)
    return !heirs.isEmpty && heirs.allSatisfy { $0.silence >= silenceMax }
  }

  /// After a change of the ring. Only of a node that owns nothing any more somebody asks for how long others
  /// have been silent.
  mutating func expectHeirs(_ now: Instant) {
    guard self.owned.isEmpty else { return self.signs.expect([:], now) }
    let unclaimed = self.losses.lazy.filter { $0.heir == nil }
      .reduce(ArcSet.none) { $0.union($1.arcs) }
    self.signs.expect(Dictionary(uniqueKeysWithValues: self.owners(of: unclaimed)), now)
  }

  /// Who owns which of the hashes by the present ring.
  private func owners(of arcs: ArcSet) -> [(MemberProcess, ArcSet)] {
    guard !arcs.isEmpty, let placement = self.placement else { return [] }
    return placement.arcs.compactMap { process, owned in
      let common = owned.intersection(arcs)
      return common.isEmpty ? nil : (process, common)
    }
  }
}
