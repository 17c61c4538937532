internal import Cluster

/// A node's part in a cluster: of a fixed list of nodes, or of those that etcd knows.
struct NodeCluster: Sendable {
  let forwarding: Forwarding
  /// Nil: the nodes are a fixed list.
  let member: MemberNode?
}
