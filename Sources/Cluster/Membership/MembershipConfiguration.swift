internal import HashRing

/// How a node is a member of a cluster in etcd. Validated by `validate`, which a membership does when it is
/// made.
public struct MembershipConfiguration: Sendable {
  /// Names the cluster in etcd, where there may be several: 1...64 of A-Z a-z 0-9 . _ -
  public var cluster = "default"
  /// This node, as the others are to know it. Its incarnation is chosen when it registers, and its state
  /// is `active` then, unless it is said to be `joining`.
  public var member: Member
  /// How long a registration outlives the process, and how long a node serves on that etcd does not hear
  /// from. In whole seconds, at least 2.
  public var leaseTTL: Duration = .seconds(10)
  /// How long a change that leaves less than half of the ring must last before it is applied.
  public var massLossHold: Duration = .seconds(30)
  /// How far versions of the cluster may be ahead of this machine's clock.
  public var clockSkewMax: Duration = .seconds(3600)
  /// About how often all keys are listed beside the watch, to see that it shows everything.
  public var auditInterval: Duration = .seconds(10)
  /// A node that etcd does not hear from serves on, whatever the others say.
  public var servesWithoutLease = false

  /// The defaults, for this node.
  public init(_ member: Member) { self.member = member }

  /// What is wrong with a configuration.
  public struct Invalid: Error, Hashable, CustomStringConvertible {
    /// For people, with what would be right.
    public let description: String
  }

  /// - Throws: the first thing that cannot be used.
  public func validate() throws(Invalid) {
    guard MembershipKeys.isValidCluster(self.cluster) else {
      throw Invalid(
        description: "cluster is \(JSONValue.quoted(self.cluster)): it must be 1 to"
          + " \(MembershipKeys.clusterMaxBytes) of A-Z a-z 0-9 . _ -")
    }
    guard MembershipKeys.isValidID(self.member.id) else {
      throw Invalid(
        description: "node-id is \(JSONValue.quoted(self.member.id)): it must be 1 to"
          + " \(MembershipKeys.idMaxBytes) of A-Z a-z 0-9 . _ - : % [ ]")
    }
    // What the others would drop must not be written.
    do throws(MemberRecord.Fault) {
      _ = try MemberRecord.decode(MemberRecord.encode(self.member), id: self.member.id)
    } catch {
      throw Invalid(description: "this node cannot be registered: \(error)")
    }
    guard self.leaseTTL >= .seconds(2), self.leaseTTL.components.attoseconds == 0 else {
      throw Invalid(
        description: "the lease's time is \(self.leaseTTL): it must be whole seconds, at least 2")
    }
    let durations: KeyValuePairs = [
      "mass-loss-hold": self.massLossHold, "clock-skew-max": self.clockSkewMax,
      "the audit's interval": self.auditInterval,
    ]
    for (name, duration) in durations where duration <= .zero {
      throw Invalid(description: "\(name) is \(duration): it must be above 0")
    }
  }
}

/// How a membership asks the other nodes.
public protocol PeerSurvey: Sendable {
  /// Who answers at the member's address, which may be this node's own. Used before this node takes its
  /// share of the ring.
  func whoIs(at member: Member) async -> AddressAnswer

  /// What the member says of its own lease (`Membership.report` there); nil: it does not answer, which
  /// must not take longer than a fraction of a lease's time to find out.
  func report(of member: Member) async -> PeerReport?
}
