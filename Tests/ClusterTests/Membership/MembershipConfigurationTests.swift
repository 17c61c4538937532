import HashRing
import Testing

@testable import Cluster

@Suite struct MembershipConfigurationTests {
  @Test func `the defaults are good`() throws {
    try MembershipConfiguration(node("a")).validate()
  }

  @Test func `what the other nodes would drop is refused before it is written`() {
    #expect(fault { $0.member = node("a/b") }.contains("node-id is \"a/b\""))
    #expect(fault { $0.member = node("") }.contains("node-id"))
    #expect(fault { $0.member = node("a", weight: 0) }.contains("weight of node a is 0"))
    #expect(
      fault { $0.member = node("a", weight: RingNode.weightMax + 1) }.contains("weight of node a"))
    #expect(fault { $0.member = node("a", host: "a b") }.contains("address must name a host"))
    #expect(
      fault { $0.member = Member(id: "a", host: "h", port: 0) }.contains("address must be"))
  }

  @Test func `the name of a cluster, and times, have bounds`() {
    for cluster in ["", "a/b", String(repeating: "c", count: 65)] {
      #expect(fault { $0.cluster = cluster }.contains("cluster is"))
    }
    for ttl in [Duration.zero, .seconds(1), .milliseconds(2_500)] {
      #expect(fault { $0.leaseTTL = ttl }.contains("whole seconds, at least 2"))
    }
    #expect(fault { $0.massLossHold = .zero }.contains("mass-loss-hold is"))
    #expect(fault { $0.clockSkewMax = .zero }.contains("clock-skew-max is"))
    #expect(fault { $0.auditInterval = .zero }.contains("the audit's interval is"))
    #expect(fault { $0.leaseTTL = .seconds(2) }.isEmpty)
  }

  /// Empty: none.
  private func fault(_ change: (inout MembershipConfiguration) -> Void) -> String {
    var configuration = MembershipConfiguration(node("a"))
    change(&configuration)
    do throws(MembershipConfiguration.Invalid) {
      try configuration.validate()
      return ""
    } catch {
      return "\(error)"
    }
  }
}
