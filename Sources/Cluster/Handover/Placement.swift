public import CacheStore
public import HashRing

/// Which process owns which hashes by one ring.
public struct Placement: Sendable {
  public let epoch: Epoch
  /// Of processes that own any.
  let arcs: [MemberProcess: ArcSet]

  init(epoch: Epoch, arcs: [MemberProcess: ArcSet]) {
    self.epoch = epoch
    self.arcs = arcs
  }

  /// As the table has it.
  public init(_ table: RoutingTable) {
    self.init(epoch: table.epoch, ring: table.ring, members: table.members)
  }

  /// As it would be without some of the members, and with others.
  init(_ table: RoutingTable, without ids: Set<String>, with others: [Member] = []) {
    let members = table.members.filter { !ids.contains($0.id) } + others
    do throws(RingError) {
      let smaller = try RoutingTable(epoch: table.epoch, members: members, ownID: "")
      self.init(epoch: table.epoch, ring: smaller.ring, members: smaller.members)
    } catch {
      preconditionFailure("a ring can be made of the members of a view: \(error)")
    }
  }

  private init(epoch: Epoch, ring: Ring, members: [Member]) {
    var arcs: [MemberProcess: ArcSet] = [:]
    for (member, owned) in zip(members, ring.arcsByNode()) where !owned.isEmpty {
      arcs[MemberProcess(member)] = ArcSet(owned.map { HashArc($0) })
    }
    self.init(epoch: epoch, arcs: arcs)
  }

  /// The same in the order of the processes' ids, which is that of no hash table.
  var inOrder: [(process: MemberProcess, arcs: ArcSet)] {
    self.arcs.sorted { ($0.key.id, $0.key.incarnation) < ($1.key.id, $1.key.incarnation) }
      .map { ($0.key, $0.value) }
  }

  /// What the process owns.
  public func arcs(of process: MemberProcess) -> ArcSet { self.arcs[process] ?? .none }
}

extension HashArc {
  /// The same hashes, as the store has them.
  public init(_ arc: RingArc) { self.init(after: arc.after, through: arc.through) }
}
