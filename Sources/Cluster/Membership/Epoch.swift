/// When a view of the cluster is from: of two nodes that disagree, the one with the lower epoch is behind.
///
/// Grows with every change of the members. Revisions count within one history of etcd; a history that
/// begins anew, because etcd came back empty or from a backup, has a higher incarnation.
public struct Epoch: Hashable, Sendable {
  /// Of etcd's history, counted by the nodes; from 1 on.
  public var incarnation: UInt64
  /// Of the newest change of the members in that history.
  public var revision: UInt64

  /// A point in a history.
  public init(incarnation: UInt64, revision: UInt64) {
    self.incarnation = incarnation
    self.revision = revision
  }

  /// The lowest that is above this one.
  var next: Self { Self(incarnation: self.incarnation, revision: self.revision + 1) }

  /// The metadata of calls between nodes in which the caller's epoch travels.
  public static let metadataName: StaticString = "larder-epoch"

  /// Of a cluster whose members are configured (`--peers`) and never change. Below all others.
  public static let fixed = Self(incarnation: 0, revision: 0)

  /// Of a node that has seen nothing of its cluster yet. Below all that a cluster has.
  public static let unknown = Self(incarnation: 0, revision: 1)
}

extension Epoch: Comparable {
  public static func < (left: Self, right: Self) -> Bool {
    (left.incarnation, left.revision) < (right.incarnation, right.revision)
  }
}

extension Epoch: LosslessStringConvertible {
  /// `INCARNATION.REVISION`, such as `3.1042`: how an epoch travels in metadata.
  public var description: String { "\(self.incarnation).\(self.revision)" }

  /// Reads `INCARNATION.REVISION`; nil where the text is anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let incarnation = UInt64(digits: parts[0]),
      let revision = UInt64(digits: parts[1])
    else { return nil }
    self.init(incarnation: incarnation, revision: revision)
  }
}
