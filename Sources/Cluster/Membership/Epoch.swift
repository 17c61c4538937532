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

  /// Of a cluster whose members are configured (`--peers`) and never change. Below all others.
  public static let fixed = Self(incarnation: 0, revision: 0)
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
    guard parts.count == 2, let incarnation = Self.number(parts[0]),
      let revision = Self.number(parts[1])
    else { return nil }
    self.init(incarnation: incarnation, revision: revision)
  }

  /// Digits alone: `UInt64.init` takes a sign too.
  private static func number(_ text: Substring) -> UInt64? {
    text.utf8.first == UInt8(ascii: "+") ? nil : UInt64(text)
  }
}
