import CacheStore

@testable import Cluster

// What clients do, and see.
extension HandoverWorld {
  mutating func call() {
    let key = Self.keys.randomElement(using: &self.random)!
    switch self.random.next() % 4 {
    case 0: self.write(key, isDelete: false)
    case 1: self.write(key, isDelete: true)
    default: self.read(key)
    }
  }

  /// A node that takes itself for the owner of a key, and may serve it.
  private mutating func server(_ key: UInt64) -> (MemberProcess, Arrivals.State?)? {
    let all = self.nodes.filter { !$0.value.isDead && $0.value.serves.contains(key) }
    guard let process = all.keys.sorted(by: { $0.id < $1.id }).randomElement(using: &self.random)
    else { return nil }
    let state = self.nodes[process]!.arrivals.state(of: key)
    return state == .unsealed ? nil : (process, state)
  }

  private mutating func write(_ key: UInt64, isDelete: Bool) {
    guard let (process, state) = self.server(key) else { return }
    // What a delete answers depends on what is there.
    if isDelete, !self.fetch(key, process, state) { return }
    let version = self.nodes[process]!.clock + 1
    self.nodes[process]!.clock = version
    self.newestClock = max(self.newestClock, version)
    self.lastValue += 1
    let copy = Copy(version: version, value: isDelete ? nil : self.lastValue)
    if let last = self.truth[key]?.copy, version <= last.version {
      self.fail("\(process) writes \(version) after \(last.version)")
    }
    let isTracked = self.nodes[process]!.machine.tracked.contains(key)
    self.nodes[process]!.copies[key] = isDelete && !isTracked ? nil : copy
    self.truth[key] = Truth(copy: copy)
    self.counts["written", default: 0] += 1
  }

  mutating func read(_ key: UInt64) {
    guard let (process, state) = self.server(key), self.fetch(key, process, state) else { return }
    self.counts["read", default: 0] += 1
    let found = self.nodes[process]!.copies[key]?.value
    let truth = self.truth[key] ?? Truth()
    if let found, found != truth.copy?.value {
      self.fail(
        "\(process) reads \(found), and not \(String(describing: truth.copy))\n\(self.describe(key))"
      )
    }
    if found == nil, truth.copy?.value != nil, !truth.mayBeGone {
      // Once is enough.
      self.truth[key]?.mayBeGone = true
      self.losses.append(
        "\(process) has lost \(String(describing: truth.copy)) at \(key)\n\(self.describe(key))")
    }
  }

  /// - Returns: whether the store now has whatever there is of the key.
  private mutating func fetch(
    _ key: UInt64, _ process: MemberProcess, _ state: Arrivals.State?
  ) -> Bool {
    guard case .incoming(let version) = state else { return true }
    if let copy = self.nodes[process]!.copies[key], copy.version > version.rawValue { return true }
    guard let gain = self.nodes[process]!.machine.gain(of: key) else {
      // Lost, by a ring that the event loops have yet to go by: the call waits for that.
      return self.nodes[process]!.machine.owned.contains(key)
    }
    for (index, holder) in gain.holders.enumerated() {
      if holder.process != process {
        guard let node = self.nodes[holder.process], !node.isDead,
          node.machine.sealedByHeir[process]?.contains(key) == true
        else { return false }
        if let copy = node.copies[key] { self.apply(process, key, copy, from: holder.process) }
      }
      let trusted = gain.trustedAbove(from: index + 1).rawValue
      if let copy = self.nodes[process]!.copies[key], copy.version > trusted { return true }
    }
    return true
  }

  /// What every node has to do with a key, for people.
  func describe(_ key: UInt64) -> String {
    self.nodes.sorted { $0.key.id < $1.key.id }.map { process, node in
      let machine = node.machine
      let gain = machine.gain(of: key).map { gain in
        "gains since \(gain.since) clears \(String(describing: gain.clearsThrough)) "
          + gain.holders.map {
            "\($0.process)\($0.isSealed ? " sealed" : "")\($0.isCertain ? " certain" : "")"
          }.joined(separator: ", ")
      }
      let loss = machine.losses.first { $0.arcs.contains(key) }.map {
        "lost to \(String(describing: $0.heir)) after \($0.predecessors.map(\.process))"
      }
      return
        "\(process): epoch \(machine.epoch) seen \(node.seen) owns \(machine.owned.contains(key))"
        + " serves \(node.serves.contains(key)) has \(String(describing: node.copies[key]))"
        + " \(gain ?? "") \(loss ?? "") \(node.isDead ? "dead" : "")"
    }.joined(separator: "\n")
  }
}
