internal import Cluster
internal import GRPC
internal import LarderAPI
internal import NIOCore

// How other nodes take over what this one has lost.
extension NodeServer {
  /// Seal, Fetch and Migrate of larder.v1.Peer. For nodes of a cluster that etcd keeps: others never
  /// change owners.
  func handoverServices(_ member: MemberNode) -> [ServiceRegistration] {
    let clock = self.clock
    return [
      .unary(
        paths: PeerMethod.handoverPaths,
        HandoverService(
          store: self.store, source: member.handover, register: member.migrations,
          own: { member.membership.map { MemberProcess($0.member) } },
          time: { clock.time($0) })),
      .streaming(
        paths: [PeerMethod.migratePath],
        MigrationService(
          store: self.store, source: member.handover, register: member.migrations,
          limits: HandoverLimits(self.configuration.limits), time: { clock.time(.now()) })),
    ]
  }
}
