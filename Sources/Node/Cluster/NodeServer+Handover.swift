internal import Cluster
internal import GRPC
internal import LarderAPI
internal import NIOCore

// How other nodes take over what this one has lost.
extension NodeServer {
  /// Seal, Fetch and Migrate of larder.v1.Peer. For nodes of a cluster that etcd keeps: others never
  /// change owners.
  ///
  /// - Parameters:
  ///   - register: shows what is handed over, and steers it.
  ///   - own: this process; nil while the node is no member.
  func handoverServices(
    _ source: any HandoverSource, register: MigrationRegister,
    own: @escaping @Sendable () -> MemberProcess?
  ) -> [ServiceRegistration] {
    let clock = self.clock
    return [
      .unary(
        paths: PeerMethod.handoverPaths,
        HandoverService(
          store: self.store, source: source, register: register, own: own,
          time: { clock.time($0) })),
      .streaming(
        paths: [PeerMethod.migratePath],
        MigrationService(
          store: self.store, source: source, register: register,
          limits: HandoverLimits(self.configuration.limits), time: { clock.time(.now()) })),
    ]
  }
}
