/// Settings that all nodes of a cluster are to have alike, as one node's record tells them; 0: the node is of
/// a version that does not say. No I/O.
///
/// Nodes that disagree are warned of, and not kept out: who changes such a setting of a running cluster
/// starts one node after the other with it.
public struct SharedSettings: Hashable, Sendable {
  /// How long the node's lease lives. While etcd is away, a node whose lease is over refuses writes for as
  /// long as others have theirs; and the keys of one that has died fail until its lease is over.
  public var leaseTTLMilliseconds: UInt64
  /// How long the node stays with a ring that has lost more than half. One that others drop sooner than it
  /// believes may come back with entries that have been changed since (see `Tenure`).
  public var massLossHoldMilliseconds: UInt64
  /// Of the largest value that the node takes. One that takes less loses what others hand over to it.
  public var valueMaxBytes: UInt64

  /// 0, by default, is what is not known.
  public init(
    leaseTTLMilliseconds: UInt64 = 0, massLossHoldMilliseconds: UInt64 = 0,
    valueMaxBytes: UInt64 = 0
  ) {
    self.leaseTTLMilliseconds = leaseTTLMilliseconds
    self.massLossHoldMilliseconds = massLossHoldMilliseconds
    self.valueMaxBytes = valueMaxBytes
  }

  /// A setting that other nodes have otherwise than this one.
  struct Disagreement: Equatable {
    /// Of the setting.
    let name: String
    /// This node's value, and the others', for people.
    let own: String
    let theirs: String
    /// Ids of the others.
    var nodes: [String]
    let consequence: String
  }

  /// What others have otherwise, those with the same value together.
  static func disagreements(of own: Member, with others: [Member]) -> [Disagreement] {
    var found: [Disagreement] = []
    for other in others where other.id != own.id {
      for kind in Self.kinds {
        let (ours, theirs) = (kind.value(own.shared), kind.value(other.shared))
        guard ours != theirs, ours != 0, theirs != 0 else { continue }
        let text = kind.text(theirs)
        if let same = found.firstIndex(where: { $0.name == kind.name && $0.theirs == text }) {
          found[same].nodes.append(other.id)
        } else {
          found.append(
            Disagreement(
              name: kind.name, own: kind.text(ours), theirs: text, nodes: [other.id],
              consequence: kind.consequence))
        }
      }
    }
    return found
  }

  private struct Kind: Sendable {
    let name: String
    let value: @Sendable (SharedSettings) -> UInt64
    let text: @Sendable (UInt64) -> String
    let consequence: String
  }

  private static let kinds = [
    Kind(
      name: "lease-ttl", value: { $0.leaseTTLMilliseconds }, text: Self.duration,
      consequence: "while etcd is away, nodes with the shorter time refuse writes for nothing"),
    Kind(
      name: "mass-loss-hold", value: { $0.massLossHoldMilliseconds }, text: Self.duration,
      consequence: "after an etcd that comes back empty, nodes may answer with old values"),
    Kind(
      name: "value-max", value: { $0.valueMaxBytes }, text: { "\($0) bytes" },
      consequence: "values that are too large for their next owner are lost when keys move"),
  ]

  @Sendable private static func duration(_ milliseconds: UInt64) -> String {
    milliseconds.isMultiple(of: 1_000) ? "\(milliseconds / 1_000)s" : "\(milliseconds)ms"
  }
}

extension SharedSettings.Disagreement: CustomStringConvertible {
  /// For people: which nodes, the setting, both values, and the remedy.
  var description: String {
    """
    \(self.name) is \(self.own) here, and \(self.theirs) at \(self.nodes.joined(separator: ", ")): \
    \(self.consequence). Give all nodes of the cluster the same --\(self.name), and start those anew \
    that have another
    """
  }
}
