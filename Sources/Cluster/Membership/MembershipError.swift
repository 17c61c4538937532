/// Why a node cannot be a member. Nothing mends it while the node runs.
public enum MembershipError: Error, Hashable, Sendable {
  /// Another node has this id, and its address answers.
  case idTaken(id: String, address: String)
  /// A process that was started later has registered under this node's id.
  case replaced(id: String, address: String)
  /// Versions in the cluster are further ahead of this machine's clock than `clock-skew-max`.
  case clockBehind(key: String, aheadMilliseconds: UInt64, maxMilliseconds: UInt64)
  /// This machine's clock is further ahead of versions in the cluster than `clock-skew-max`, though other
  /// nodes are there, which keep the cluster's clock near their own.
  case clockAhead(key: String, aheadMilliseconds: UInt64, maxMilliseconds: UInt64)
  /// etcd refuses what every node must be able to do.
  case refused(String)
}

extension MembershipError: CustomStringConvertible {
  /// For people: what is wrong, and the remedy.
  public var description: String {
    switch self {
    case .idTaken(let id, let address):
      "a node with the id \(id) is registered at \(address), where something answers: give this node"
        + " another node-id, or stop the other one and wait until its lease has ended"
    case .replaced(let id, let address):
      "another process has registered as \(id), at \(address), after this one: this one stops;"
        + " run one process for each node-id and address"
    case .clockBehind(let key, let ahead, let most):
      "the cluster's clock in etcd (\(key)) is \(ahead) ms ahead of this machine's clock, and at most"
        + " \(most) ms are allowed (clock-skew-max): set this machine's clock, or delete the key if it"
        + " is the one that is wrong"
    case .clockAhead(let key, let ahead, let most):
      "this machine's clock is \(ahead) ms ahead of the cluster's clock in etcd (\(key)), which other"
        + " nodes keep, and at most \(most) ms are allowed (clock-skew-max): set this machine's clock"
    case .refused(let text): "etcd refuses the registration of this node: \(text)"
    }
  }
}
