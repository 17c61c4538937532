internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Logging
internal import Synchronization
internal import Wire

// Seeing and steering what moves between the nodes of a cluster.
extension AdminService {
  /// No node sends faster than that.
  private static let rateMaxBytes: UInt64 = 1 << 40
  /// For others to get what a node holds.
  private static let drainTimeoutMaxMilliseconds: UInt64 = 86_400_000

  func getMigrations(_ call: borrowing UnaryCall) throws(WireError) {
    _ = try GetMigrationsRequest(decoding: call.message)
    self.answer(call) { member, id throws(ClusterError) in
      MigrationsStatus(member.migrations.snapshot(), nodeID: id)
    }
  }

  func steerMigrations(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try SteerMigrationsRequest(decoding: call.message)
    self.answer(call) { member, id throws(ClusterError) in
      let cancelled = try self.steer(member, request)
      return SteerMigrationsResponse(
        cancelled: UInt32(cancelled),
        migrations: MigrationsStatus(member.migrations.snapshot(), nodeID: id))
    }
  }

  func drain(_ call: borrowing UnaryCall) throws(WireError) {
    let request = try DrainRequest(decoding: call.message)
    self.answer(call) { member, _ throws(ClusterError) in
      let milliseconds = request.timeoutMilliseconds
      guard milliseconds <= Self.drainTimeoutMaxMilliseconds else {
        throw .orderInvalid(
          "timeout_ms is \(milliseconds): at most \(Self.drainTimeoutMaxMilliseconds), a day")
      }
      let timeout: Duration? = milliseconds == 0 ? nil : .milliseconds(Int64(milliseconds))
      return DrainStatus(try member.drain(timeout: timeout))
    }
  }

  // MARK: - Parts

  /// - Returns: how many migrations were cancelled.
  private func steer(
    _ member: MemberNode, _ request: SteerMigrationsRequest
  ) throws(ClusterError) -> Int {
    let peer = request.peerID.isEmpty ? nil : request.peerID
    if let peer, !(member.membership?.view?.members.contains { $0.id == peer } ?? false) {
      throw .memberUnknown(peer)
    }
    let register = member.migrations
    var cancelled = 0
    let what: String
    switch request.order {
    case .pause:
      register.pause(peer)
      what = "paused"
    case .resume:
      register.resume(peer)
      what = "resumed"
    case .cancel:
      cancelled = register.cancel(peer)
      what = "cancelled"
    case .rate(let bytes):
      guard peer == nil else {
        throw .orderInvalid("a rate is of all migrations of the node together: leave peer_id out")
      }
      guard bytes <= Self.rateMaxBytes else {
        throw .orderInvalid(
          "rate_limit is \(bytes): at most \(Self.rateMaxBytes) bytes a second; 0 for no limit")
      }
      register.setRate(Int(bytes))
      what = "held to \(bytes == 0 ? "no rate" : "\(bytes) bytes a second")"
    case nil:
      throw .orderInvalid("there is no order: set pause, resume, cancel or rate_limit")
    }
    self.logger.notice(
      "migrations \(what) by an operator",
      metadata: ["peer": "\(peer ?? "all")", "cancelled": "\(cancelled)"])
    return cancelled
  }

  /// Serves a call of a node that is, or was, in a cluster of etcd.
  private func answer<Answer: WireMessage>(
    _ call: borrowing UnaryCall,
    with body: (_ member: MemberNode, _ id: String) throws(ClusterError) -> Answer
  ) {
    do throws(ClusterError) {
      guard let member = self.cluster.withLock({ $0 })?.member else { throw .noEtcd }
      guard let membership = member.membership else { throw .notAMember }
      call.reply(try body(member, membership.member.id))
    } catch {
      call.fail(error.status)
    }
  }
}
