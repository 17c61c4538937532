internal import Cluster

// What /metrics shows of the cluster that etcd keeps.
extension MembershipSnapshot {
  func write(_ page: inout PrometheusText) {
    page.begin(
      "larder_cluster_members", .gauge, "Nodes of the cluster that this node sees, by their state.")
    for state in Member.State.allCases {
      let count = self.view?.members.count { $0.state == state } ?? 0
      page.sample(count, [("state", state.rawValue)])
    }
    page.begin(
      "larder_cluster_standing", .gauge,
      "1 for what the node may do with its keys: leased, majority (nobody has a lease) or isolated;"
        + " all are 0 while it joins."
    )
    for standing in ClusterView.Standing.allCases {
      page.sample(self.view?.standing == standing ? 1 : 0, [("standing", standing.rawValue)])
    }
    page.single(
      "larder_cluster_incarnation", .gauge, "How often etcd's history has begun anew, and once.",
      Int(clamping: self.view?.epoch.incarnation ?? 0))
    page.single(
      "larder_cluster_revision", .gauge, "Of etcd, when the members changed last.",
      Int(clamping: self.view?.epoch.revision ?? 0))
    page.begin(
      "larder_lease_seconds", .gauge, "What is left of the node's lease in etcd; 0: it has none.")
    page.sample(PrometheusText.seconds(nanoseconds: (self.leaseLeft ?? .zero).nanoseconds))
    page.single(
      "larder_etcd_failures_total", .counter, "Attempts to reach etcd that have failed.",
      self.etcdFailures)
  }
}

extension Duration {
  /// Of a duration that is shorter than centuries.
  fileprivate var nanoseconds: Int64 {
    self.components.seconds * 1_000_000_000 + self.components.attoseconds / 1_000_000_000
  }
}
