/// Who is in the cluster, and since when: what a routing table is built from.
public struct ClusterView: Hashable, Sendable {
  /// What this node may do with the keys that the view gives it.
  public enum Standing: String, Hashable, Sendable, CaseIterable {
    /// It has a live lease, or needs none: it serves.
    case leased
    /// It has no live lease, and nobody has one in the group of more than half of the ring that it
    /// reaches: it serves on.
    case majority
    /// It has no live lease, and others may own its keys by now: it refuses writes, and marks what it
    /// reads as stale.
    case isolated
  }

  /// When the members changed last.
  public let epoch: Epoch
  /// In the order of their ids' bytes, each id once, this node among them once it is registered. A ring
  /// can always be made of those with `isOnRing`.
  public let members: [Member]
  /// What this node may do.
  public let standing: Standing
  /// Grows when others may have owned this node's keys without it knowing: see `Tenure`.
  public let tenure: UInt64

  /// A view whose members are in order.
  ///
  /// - Parameter members: In any order, each id once; traps otherwise.
  public init(
    epoch: Epoch, members: [Member], standing: Standing = .leased, tenure: UInt64 = 0
  ) {
    self.epoch = epoch
    self.tenure = tenure
    self.members = members.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    self.standing = standing
    precondition(Set(members.map(\.id)).count == members.count, "a member is in a view once")
  }
}
