import CacheStore

@testable import Cluster

/// Some nodes, their etcd and their clients, in which everything that can happen happens in any order: what
/// nodes know comes late, answers come late, nodes die. Each thing that happens is one step.
struct HandoverWorld {
  /// What a node holds under a key.
  struct Copy: Equatable {
    var version: UInt64
    /// Nil: a tombstone.
    var value: Int?
  }

  struct Node {
    var machine: HandoverMachine
    var copies: [UInt64: Copy] = [:]
    var clock: UInt64
    /// The revision that it has seen.
    var seen = 0
    /// By which its event loops go.
    var serves = ArcSet.none
    var arrivals = Arrivals.none
    var isDead = false
  }

  /// What clients have been told of a key last.
  struct Truth {
    var copy: Copy?
    /// Some node that had to do with it has died, or it was evicted: it may be gone.
    var mayBeGone = false
  }

  /// What etcd has seen: the members, and their weights; 0: off the ring.
  private var history: [[MemberProcess: Int]] = [[:]]
  var nodes: [MemberProcess: Node] = [:]
  var truth: [UInt64: Truth] = [:]
  /// Answers that are on their way.
  private var mail: [(MemberProcess, (inout HandoverMachine) -> Void)] = []
  /// Entries that are gone, and that nobody has told to go.
  var losses: [String] = []
  private(set) var violations: [String] = []
  var counts: [String: Int] = [:]
  var random: SplitMix64
  private var lastNode = 0
  var lastValue = 0
  /// Of all versions ever.
  var newestClock: UInt64 = 0
  private var now = ContinuousClock.now

  private let mayDie: Bool
  private let flaps: Bool
  private static let cells = 24
  static let keys = (0..<Self.cells).map { Self.range($0).lowerBound + 5 }

  /// - Parameter flaps: rings change before anybody has done what the one before asked of it, and weights
  ///   change too, so that nodes lose hashes and get them back.
  init(seed: UInt64, mayDie: Bool, flaps: Bool = false) {
    self.random = SplitMix64(state: seed)
    self.mayDie = mayDie
    self.flaps = flaps
    for _ in 0..<3 { self.join() }
  }

  // MARK: - Rings

  private static func range(_ cell: Int) -> ClosedRange<UInt64> {
    let size = UInt64.max / UInt64(Self.cells)
    let lower = UInt64(cell) * size
    return lower...(cell == Self.cells - 1 ? .max : lower + size - 1)
  }

  /// As a ring does, a member that comes or goes, or changes its weight, moves nothing between others.
  private static func placement(_ members: [MemberProcess: Int], revision: Int) -> Placement {
    let onRing = members.filter { $0.value > 0 }
    var arcs: [MemberProcess: [ClosedRange<UInt64>]] = [:]
    for cell in 0..<Self.cells where !onRing.isEmpty {
      let owner = onRing.max { Self.score($0, cell) < Self.score($1, cell) }
      arcs[owner!.key, default: []].append(Self.range(cell))
    }
    return Placement(
      epoch: Epoch(incarnation: 1, revision: UInt64(revision)), arcs: arcs.mapValues { ArcSet($0) })
  }

  /// Of a member of weight 1 or 2.
  private static func score(_ member: (key: MemberProcess, value: Int), _ cell: Int) -> UInt64 {
    var mix = SplitMix64(state: UInt64(Int(member.key.id)! * 1000 + cell))
    return mix.next() / 2 * UInt64(member.value)
  }

  // MARK: - What happens

  mutating func step() {
    self.now += .milliseconds(10)
    if self.flaps, self.random.next() % 25 == 0 { return self.flap() }
    switch self.random.next() % 100 {
    case 0: self.join()
    case 1: self.leave()
    case 2: self.end()
    case 3: if self.mayDie { self.die() }
    case 4: self.evict()
    case 5..<20: if let node = self.any() { self.see(node) }
    case 20..<35: if let node = self.any() { self.install(node) }
    case 35..<65: if let node = self.any() { self.work(node) }
    case 65..<75: self.deliver()
    default: self.call()
    }
  }

  /// Until nothing is left to be done, with nothing else going on.
  mutating func settle() {
    for process in self.nodes.keys.filter({ self.nodes[$0]!.isDead }).sorted(by: { $0.id < $1.id })
    { self.unregister(process) }
    for _ in 0..<400 {
      self.now += .milliseconds(250)
      for process in self.nodes.keys.sorted(by: { $0.id < $1.id }) {
        self.see(process)
        self.install(process)
        self.nodes[process]?.machine.tick(self.now)
        for _ in 0..<4 { self.work(process) }
      }
      while !self.mail.isEmpty { self.deliver() }
    }
    for key in Self.keys { for _ in 0..<3 { self.read(key) } }
    for (process, node) in self.nodes {
      if !node.machine.gains.isEmpty { self.fail("\(process) still gains") }
      if let loss = node.machine.losses.first {
        let key = Self.keys.first(where: loss.arcs.contains) ?? 0
        self.fail("\(process) still keeps what it has lost: \(self.describe(key))")
      }
      for key in node.copies.keys where !node.machine.owned.contains(key) {
        self.fail("\(process) still has a copy of a key of another node")
      }
    }
  }

  private mutating func any() -> MemberProcess? {
    self.nodes.filter { !$0.value.isDead }.keys.sorted { $0.id < $1.id }
      .randomElement(using: &self.random)
  }

  private var members: [MemberProcess: Int] { self.history[self.history.count - 1] }

  private mutating func join() {
    guard self.members.count < 6 else { return }
    self.lastNode += 1
    let process = MemberProcess(id: "\(self.lastNode)", incarnation: 1)
    // Clocks are apart.
    self.nodes[process] = Node(
      machine: HandoverMachine(own: process), clock: 1_000 + self.random.next() % 500)
    var members = self.members
    members[process] = 1
    self.history.append(members)
    // It lists what is there when it comes.
    self.nodes[process]!.seen = self.history.count - 2
    self.see(process)
  }

  private mutating func leave() {
    guard self.living > 2 else { return }
    self.reweigh { _ in 0 }
  }

  private mutating func flap() {
    switch self.random.next() % 4 {
    case 0: self.join()
    case 1: self.leave()
    default: self.reweigh { 3 - $0 }
    }
  }

  /// Of one that is on the ring.
  private mutating func reweigh(_ weight: (Int) -> Int) {
    let onRing = self.members.filter { $0.value > 0 }.sorted { $0.key.id < $1.key.id }
    guard let (process, old) = onRing.randomElement(using: &self.random) else { return }
    var members = self.members
    members[process] = weight(old)
    self.history.append(members)
  }

  /// One that has left ends when it has handed over all that it had.
  private mutating func end() {
    for (process, weight) in self.members.sorted(by: { $0.key.id < $1.key.id }) where weight == 0 {
      self.checkAwaited(by: process)
      guard let node = self.nodes[process], !node.isDead, node.serves.isEmpty,
        node.seen == self.history.count - 1, node.machine.awaited(self.now).isEmpty,
        node.machine.forgettingNext.isEmpty, node.machine.owned.isEmpty
      else { continue }
      self.nodes[process] = nil
      self.unregister(process)
      self.counts["ended", default: 0] += 1
      return
    }
  }

  /// What a node that has left waits for is somebody's to get, of whom it knows how long he has been silent.
  private mutating func checkAwaited(by process: MemberProcess) {
    guard let machine = self.nodes[process]?.machine, machine.owned.isEmpty,
      machine.placement?.arcs.isEmpty == false
    else { return }
    let (losses, heirs) = (machine.awaited(self.now), machine.awaitedHeirs(self.now))
    let held = losses.filter { !$0.isEmpty }.reduce(ArcSet.none) { $0.union($1.arcs) }
    if heirs.reduce(ArcSet.none, { $0.union($1.arcs) }) != held || losses.isEmpty != heirs.isEmpty {
      self.fail("\(process) does not know whom it waits for")
    }
    for heir in heirs where machine.signs.heardAt[heir.process] == nil {
      self.fail("\(process) does not know how long \(heir.process) has been silent")
    }
    self.counts["awaited", default: 0] += heirs.count
  }

  /// Nodes on the ring that live.
  private var living: Int {
    self.members.filter { $0.value > 0 && self.nodes[$0.key]?.isDead == false }.count
  }

  private mutating func unregister(_ process: MemberProcess) {
    self.nodes[process] = nil
    guard self.members[process] != nil else { return }
    var members = self.members
    members[process] = nil
    self.history.append(members)
  }

  private mutating func die() {
    guard self.random.next() % 4 == 0, self.living > 2,
      let process = self.any(), let node = self.nodes[process]
    else { return }
    self.counts["died", default: 0] += 1
    for key in Self.keys {
      let hasToDoWithIt =
        node.copies[key] != nil || node.machine.owned.contains(key) || node.serves.contains(key)
        || node.machine.losses.contains { $0.arcs.contains(key) }
      if hasToDoWithIt { self.truth[key, default: Truth()].mayBeGone = true }
    }
    self.nodes[process]!.isDead = true
    // Its lease goes on for a while, or does not.
    if self.random.next() % 2 == 0 { self.unregister(process) }
  }

  private mutating func evict() {
    guard let process = self.any(),
      let key = self.nodes[process]!.copies.keys.sorted().randomElement(using: &self.random),
      let copy = self.nodes[process]!.copies[key], copy.value != nil
    else { return }
    let isTracked = self.nodes[process]!.machine.tracked.contains(key)
    self.nodes[process]!.copies[key] = isTracked ? Copy(version: copy.version) : nil
    self.truth[key, default: Truth()].mayBeGone = true
  }

  // MARK: - Nodes

  private mutating func see(_ process: MemberProcess) {
    guard let node = self.nodes[process], !node.isDead, node.seen < self.history.count - 1 else {
      return
    }
    let revision = node.seen + 1
    let members = self.history[revision]
    var without = members
    without[process] = nil
    self.nodes[process]!.seen = revision
    // As the clock's floor in etcd has it, where somebody is gone.
    if !self.history[revision - 1].keys.allSatisfy({ members[$0] != nil }) {
      self.nodes[process]!.clock = max(node.clock, self.newestClock)
    }
    self.nodes[process]!.machine.change(
      to: Self.placement(members, revision: revision),
      before: Self.placement(without, revision: revision), alive: Set(members.keys),
      clock: Version(rawValue: node.clock), self.now)
  }

  private mutating func install(_ process: MemberProcess) {
    guard let machine = self.nodes[process]?.machine, self.nodes[process]!.isDead == false else {
      return
    }
    self.nodes[process]!.serves = machine.owned
    self.nodes[process]!.arrivals = machine.arrivals
    self.nodes[process]!.machine.isInstalled(machine.epoch)
  }

  /// After an event: loops are told of arrivals, unless another ring has yet to be installed.
  private mutating func tell(_ process: MemberProcess) {
    guard let machine = self.nodes[process]?.machine, machine.installed == machine.epoch else {
      return
    }
    self.nodes[process]!.arrivals = machine.arrivals
  }

  private mutating func work(_ process: MemberProcess) {
    guard let node = self.nodes[process], !node.isDead else { return }
    let all = node.machine.work.sorted { Self.order($0) < Self.order($1) }
    guard let work = all.randomElement(using: &self.random) else {
      self.nodes[process]!.machine.tick(self.now)
      return
    }
    let arcs = node.machine.arcs(of: work)
    switch work {
    case .seal(let holder, let vias): self.seal(process, holder, vias, arcs)
    case .stream(let holder): self.stream(process, holder, arcs)
    case .release(let holder):
      if self.nodes[holder]?.isDead == false {
        self.nodes[holder]!.machine.handedOver(
          arcs, to: process, by: self.nodes[process]!.machine.epoch)
      }
      self.nodes[process]!.machine.released(arcs, by: holder)
    case .clearGains(let version):
      self.drop(process, arcs, through: version.rawValue)
      self.nodes[process]!.machine.gainsCleared(arcs, through: version)
    case .clearLosses(let version):
      // What is still served changes yet.
      guard node.machine.installed == node.machine.epoch else { return }
      self.drop(process, arcs, through: version.rawValue)
      self.nodes[process]!.machine.lossesCleared(arcs, through: version)
    case .forget:
      let arcs = self.nodes[process]!.machine.beginForgetting()
      guard node.machine.installed == node.machine.epoch else { return }
      self.drop(process, arcs, through: .max)
      self.nodes[process]!.machine.endForgetting()
    }
    self.tell(process)
  }

  /// For a history that is the same each time.
  private static func order(_ work: HandoverMachine.Work) -> String {
    guard case .seal(let process, let vias) = work else { return "\(work)" }
    return "seal \(process) \(vias.map(\.id).sorted())"
  }

  private mutating func drop(_ process: MemberProcess, _ arcs: ArcSet, through version: UInt64) {
    for (key, copy) in self.nodes[process]!.copies
    where arcs.contains(key) && copy.version <= version {
      self.nodes[process]!.copies[key] = nil
    }
  }

  private mutating func seal(
    _ heir: MemberProcess, _ holder: MemberProcess, _ vias: Set<MemberProcess>, _ arcs: ArcSet
  ) {
    guard let node = self.nodes[holder], !node.isDead else { return }
    let order = SealOrder(
      heir: heir, epoch: self.nodes[heir]!.machine.epoch, arcs: arcs, vias: vias)
    self.nodes[heir]!.machine.asks(holder, order)
    self.nodes[holder]!.machine.heard(from: heir, self.now)
    do throws(HandoverRefusal) {
      let answer = try self.nodes[holder]!.machine.seal(
        order, clock: Version(rawValue: node.clock), self.now)
      self.counts["sealed", default: 0] += 1
      self.mail.append(
        (
          heir,
          { $0.sealed(by: holder, order, answer) }
        ))
      // The clock is passed with the answer; as it only grows, earlier does no harm.
      self.nodes[heir]!.clock = max(self.nodes[heir]!.clock, answer.clock.rawValue)
    } catch {
      self.counts["\(error)", default: 0] += 1
    }
  }

  private mutating func deliver() {
    guard !self.mail.isEmpty else { return }
    let (process, act) = self.mail.remove(at: Int(self.random.next() % UInt64(self.mail.count)))
    guard self.nodes[process]?.isDead == false else { return }
    act(&self.nodes[process]!.machine)
    self.tell(process)
  }

  private mutating func stream(_ heir: MemberProcess, _ holder: MemberProcess, _ asked: ArcSet) {
    guard let node = self.nodes[holder], !node.isDead else { return }
    let arcs = self.nodes[holder]!.machine.sealed(asked, for: heir, self.now)
    // It owns some of them again, and the heir has yet to see that.
    guard arcs == asked else { return }
    let isCut = self.random.next() % 3 == 0
    for (key, copy) in node.copies.sorted(by: { $0.key < $1.key }) where arcs.contains(key) {
      if isCut, self.random.next() % 3 == 0 { return }
      self.apply(heir, key, copy, from: holder)
    }
    // The connection may end before the last batch is acknowledged.
    if isCut { return }
    self.counts["streamed", default: 0] += 1
    self.nodes[heir]!.machine.received(
      asked, from: holder, by: self.nodes[heir]!.machine.epoch)
  }

  /// As the node does: only what is still gained from there.
  mutating func apply(
    _ heir: MemberProcess, _ key: UInt64, _ copy: Copy, from holder: MemberProcess
  ) {
    guard let gain = self.nodes[heir]!.machine.gain(of: key),
      gain.holders.contains(where: { $0.process == holder && $0.isSealed && !$0.isEmpty })
    else { return }
    let present = self.nodes[heir]!.copies[key]
    if present == nil || present!.version < copy.version {
      self.nodes[heir]!.copies[key] = copy
      self.nodes[heir]!.clock = max(self.nodes[heir]!.clock, copy.version)
    }
  }

  mutating func fail(_ what: String) { self.violations.append(what) }
}
