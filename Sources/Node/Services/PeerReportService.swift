internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

/// The call of larder.v1.Peer by which nodes ask this one how it stands: those whose lease is in doubt for
/// its lease, and those that leave whether it has seen that.
final class PeerReportService: UnaryService {
  /// The question is empty.
  let messageMaxBytes = 4 << 10
  private let member: MemberNode
  private let forwarding: Forwarding

  init(member: MemberNode, forwarding: Forwarding) {
    self.member = member
    self.forwarding = forwarding
  }

  func serve(_ call: borrowing UnaryCall) {
    do throws(WireError) {
      _ = try ReportRequest(decoding: call.message)
    } catch {
      return call.fail(CacheError(error).status)
    }
    guard let membership = self.member.membership else {
      return call.fail(CacheError.notAMember.status)
    }
    let forwarding = self.forwarding
    call.answer { () async throws(Status) -> [UInt8] in
      var response = ReportResponse()
      let member = membership.member
      response.nodeID = member.id
      response.incarnation = member.incarnation
      response.reachesEtcd = membership.report == .reachesEtcd
      // What the node does, which may be later than what it has seen.
      response.epoch = "\(await forwarding.oldestEpoch())"
      return response.serialized()
    }
  }
}
