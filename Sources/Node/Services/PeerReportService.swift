internal import Cluster
internal import GRPC
internal import LarderAPI
internal import Wire

/// The call of larder.v1.Peer by which nodes whose lease is in doubt ask this one for its own.
final class PeerReportService: UnaryService {
  /// The question is empty.
  let messageMaxBytes = 4 << 10
  private let member: MemberNode

  init(member: MemberNode) { self.member = member }

  func serve(_ call: borrowing UnaryCall) {
    do throws(WireError) {
      _ = try ReportRequest(decoding: call.message)
    } catch {
      return call.fail(CacheError(error).status)
    }
    guard let membership = self.member.membership else {
      return call.fail(CacheError.notAMember.status)
    }
    let snapshot = membership.snapshot
    var response = ReportResponse()
    response.nodeID = snapshot.member.id
    response.reachesEtcd = membership.report == .reachesEtcd
    response.epoch = "\(snapshot.view?.epoch ?? .unknown)"
    call.reply(response)
  }
}
