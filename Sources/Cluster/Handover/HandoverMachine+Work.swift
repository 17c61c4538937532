internal import CacheStore

extension HandoverMachine {
  /// Something to be done, for as long as `work` shows it.
  enum Work: Hashable, Sendable {
    /// Ask the process to give up what `arcs` says; then `sealed`.
    case seal(MemberProcess, vias: Set<MemberProcess>)
    /// Get what the process holds; then `received`.
    case stream(MemberProcess)
    /// Tell the process that this node wants no more of what it held; then `released`.
    case release(MemberProcess)
    /// Forget copies at or below the version in gains; then `gainsCleared`.
    case clearGains(through: Version)
    /// The same in losses; then `lossesCleared`.
    case clearLosses(through: Version)
    /// From `beginForgetting` to `endForgetting`.
    case forget
  }

  /// All that is to be done now.
  var work: Set<Work> {
    var work: Set<Work> = []
    for gain in self.gains {
      switch gain.phase {
      case .unsealed:
        for holder in gain.holders {
          guard let vias = gain.vias(of: holder.process) else { continue }
          let seal = Work.seal(holder.process, vias: vias)
          if !self.arcs(of: seal).isEmpty { work.insert(seal) }
        }
      case .clearing: work.insert(.clearGains(through: gain.clearsThrough ?? .none))
      case .incoming:
        if let first = gain.holders.first { work.insert(.stream(first.process)) }
      case .whole: continue
      }
    }
    for process in self.finished.keys { work.insert(.release(process)) }
    for loss in self.losses {
      if let version = loss.clearsThrough { work.insert(.clearLosses(through: version)) }
    }
    if !self.forgetting.isEmpty || !self.forgettingNext.isEmpty { work.insert(.forget) }
    return work
  }

  /// The hashes that some work is about, as of now.
  func arcs(of work: Work) -> ArcSet {
    switch work {
    case .seal(let process, let vias):
      // What it held before is to be released first, lest it count once more.
      self.union(self.gains) { $0.vias(of: process) == vias }
        .subtracting(self.finished[process] ?? .none)
    case .stream(let process):
      self.union(self.gains) {
        $0.phase == .incoming && $0.holders.first?.process == process
      }
    case .release(let process): self.finished[process] ?? .none
    case .clearGains(let version):
      self.union(self.gains) {
        $0.phase == .clearing && $0.clearsThrough == version
      }
    case .clearLosses(let version):
      self.losses.lazy.filter { $0.clearsThrough == version }
        .reduce(.none) { $0.union($1.arcs) }
    case .forget: self.forgetting.union(self.forgettingNext)
    }
  }

  private func union(_ gains: [Gain], where isMeant: (Gain) -> Bool) -> ArcSet {
    gains.lazy.filter(isMeant).reduce(ArcSet.none) { $0.union($1.arcs) }
  }

  /// Where removals must leave tombstones: what comes in, and what others are to get, may be older than
  /// what is removed.
  var tracked: ArcSet {
    let gained = self.gains.reduce(ArcSet.none) { $0.union($1.arcs) }
    return self.losses.reduce(gained) { $0.union($1.arcs) }
  }
}
