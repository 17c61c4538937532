public import Etcd

/// What a node knows of its membership in a cluster, at one moment.
public struct MembershipSnapshot: Sendable {
  /// The cluster's name.
  public let cluster: String
  /// This node, as it is registered, or would be.
  public let member: Member
  /// Nil: nothing of the cluster was seen yet.
  public let view: ClusterView?
  /// Those that the members are registered under, by their ids.
  public let leases: [String: LeaseID]
  /// The lease that the node's record is under; nil: it is not registered.
  public let lease: LeaseID?
  /// What is left of the lease, if etcd does not hear from the node any more; nil: there is none.
  public let leaseLeft: Duration?
  /// Attempts to reach etcd that have failed, since the node started.
  public let etcdFailures: Int

  /// A moment of a membership.
  public init(
    cluster: String, member: Member, view: ClusterView?, leases: [String: LeaseID] = [:],
    lease: LeaseID?, leaseLeft: Duration?, etcdFailures: Int
  ) {
    self.cluster = cluster
    self.member = member
    self.view = view
    self.leases = leases
    self.lease = lease
    self.leaseLeft = leaseLeft
    self.etcdFailures = etcdFailures
  }
}
