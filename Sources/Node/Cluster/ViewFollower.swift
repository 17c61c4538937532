internal import CacheStore
internal import Cluster
internal import HashRing

/// Decides by which routing table a node goes, given what it sees of its cluster. No I/O.
struct ViewFollower {
  /// What the caller does with a view.
  struct OnView {
    /// Nil: the node goes on by the one that it has.
    let table: RoutingTable?
    /// Nodes have gone, whose keys this one may have now: its versions must pass theirs first.
    let hasLost: Bool
    /// The node is on the ring for the first time.
    let hasJoined: Bool
    /// What the node holds and must forget, as others own it now, or may have.
    let forgets: Forgotten
  }

  /// Entries whose keys have, or may have had, another owner. What was written there is newer, and what
  /// was deleted there must not come back when this node owns their keys again.
  enum Forgotten: Equatable {
    case nothing
    /// When the node goes by the new table, by which it owns nothing.
    case all
    /// To be forgotten before the node goes by the new table, which gives it keys.
    case allBefore
  }

  private let ownID: String
  private var table: RoutingTable?
  private var tenure: UInt64 = 0

  init(ownID: String) { self.ownID = ownID }

  /// The cluster has changed, or what this node may do in it.
  ///
  /// Before the node is on the ring, and sees it, it keeps the table that it began with: clients are
  /// refused, and calls of peers that see more wait.
  ///
  /// - Parameter incarnation: of this node's process: a record of an earlier one is not its own.
  mutating func follow(_ view: ClusterView, incarnation: UInt64) -> OnView {
    let ring = view.members.filter(\.isOnRing)
    let isOnRing = ring.contains { $0.id == self.ownID && $0.incarnation == incarnation }
    let last = self.table
    guard last != nil || isOnRing && view.standing != .isolated else {
      return OnView(table: nil, hasLost: false, hasJoined: false, forgets: .nothing)
    }
    let table = self.table(of: view, ring)
    let forgets = self.forgets(by: table, isSameTenure: view.tenure == self.tenure)
    self.table = table
    self.tenure = view.tenure
    return OnView(
      table: table, hasLost: self.hasLost(ring, after: last?.members ?? []),
      hasJoined: last == nil, forgets: forgets)
  }

  /// What it has at the start comes from an earlier process, if it has anything.
  private func forgets(by table: RoutingTable, isSameTenure: Bool) -> Forgotten {
    if self.table != nil, isSameTenure { return .nothing }
    return table.own == nil ? .all : .allBefore
  }

  private func table(of view: ClusterView, _ ring: [Member]) -> RoutingTable {
    let duty: RoutingTable.Duty =
      ring.isEmpty ? .none : view.standing == .isolated ? .isolated : .serving
    if let last = self.table, Set(last.members) == Set(ring) {
      return RoutingTable(last, epoch: view.epoch, duty: duty)
    }
    do throws(RingError) {
      return try RoutingTable(
        epoch: view.epoch, members: ring, ownID: self.ownID, duty: duty)
    } catch {
      preconditionFailure("a ring can always be made of a view's members: \(error)")
    }
  }

  /// One that has started again is another process. What this node itself has given out it knows.
  private func hasLost(_ ring: [Member], after last: [Member]) -> Bool {
    let processes = Dictionary(uniqueKeysWithValues: ring.map { ($0.id, $0.incarnation) })
    return last.contains { $0.id != self.ownID && processes[$0.id] != $0.incarnation }
  }
}
