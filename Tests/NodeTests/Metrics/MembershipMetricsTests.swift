import Cluster
import Etcd
import Testing

@testable import Node

@Suite struct MembershipMetricsTests {
  private static let member = Cluster.Member(id: "a", host: "a", port: 1)

  private func page(_ snapshot: MembershipSnapshot) -> String {
    var page = PrometheusText()
    snapshot.write(&page)
    return page.text
  }

  @Test func `the samples of a known cluster, to the letter`() {
    let leaving = Cluster.Member(id: "b", host: "b", port: 1, state: .leaving)
    let view = ClusterView(
      epoch: Epoch(incarnation: 2, revision: 345), members: [Self.member, leaving],
      standing: .majority)
    let snapshot = MembershipSnapshot(
      cluster: "larder", member: Self.member, view: view, lease: LeaseID(rawValue: 5),
      leaseLeft: .milliseconds(7_250), etcdFailures: 6)
    #expect(
      self.page(snapshot) == """
        # HELP larder_cluster_members Nodes of the cluster that this node sees, by their state.
        # TYPE larder_cluster_members gauge
        larder_cluster_members{state="joining"} 0
        larder_cluster_members{state="active"} 1
        larder_cluster_members{state="leaving"} 1
        # HELP larder_cluster_standing 1 for what the node may do with its keys: leased, majority (nobody has a lease) or isolated; all are 0 while it joins.
        # TYPE larder_cluster_standing gauge
        larder_cluster_standing{standing="leased"} 0
        larder_cluster_standing{standing="majority"} 1
        larder_cluster_standing{standing="isolated"} 0
        # HELP larder_cluster_incarnation How often etcd's history has begun anew, and once.
        # TYPE larder_cluster_incarnation gauge
        larder_cluster_incarnation 2
        # HELP larder_cluster_revision Of etcd, when the members changed last.
        # TYPE larder_cluster_revision gauge
        larder_cluster_revision 345
        # HELP larder_lease_seconds What is left of the node's lease in etcd; 0: it has none.
        # TYPE larder_lease_seconds gauge
        larder_lease_seconds 7.25
        # HELP larder_etcd_failures_total Attempts to reach etcd that have failed.
        # TYPE larder_etcd_failures_total counter
        larder_etcd_failures_total 6

        """)
  }

  @Test func `a node that has seen nothing yet shows zeros`() {
    let text = self.page(
      MembershipSnapshot(
        cluster: "larder", member: Self.member, view: nil, lease: nil, leaseLeft: nil,
        etcdFailures: 0))
    let samples = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(samples.count == 10 && samples.allSatisfy { $0.hasSuffix(" 0") })
  }
}
