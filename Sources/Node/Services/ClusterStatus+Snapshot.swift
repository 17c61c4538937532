internal import Cluster
internal import HashRing
internal import LarderAPI

extension ClusterStatus {
  init(_ snapshot: ForwardingSnapshot) {
    self.init()
    self.epoch = "\(snapshot.epoch)"
    self.members = snapshot.peers.map { MemberStatus($0) }
    for method in CacheMethod.allCases {
      for result in ForwardResult.allCases where snapshot.counts[method, result] > 0 {
        var forwards = ForwardStatus()
        forwards.method = method.name
        forwards.result = result.rawValue
        forwards.count = UInt64(snapshot.counts[method, result])
        self.forwards.append(forwards)
      }
    }
  }
}

extension MemberStatus {
  fileprivate init(_ peer: ForwardingSnapshot.Peer) {
    self.init()
    self.id = peer.member.id
    self.address = peer.member.address
    self.zone = peer.member.zone
    self.points = UInt32(peer.points)
    self.shareMillionths = UInt32((peer.share * 1_000_000).rounded())
    self.isSelf = peer.isOwn
    self.state = peer.state
    self.connections = UInt32(peer.links["ready"] ?? 0)
    self.openCalls = UInt64(peer.openCalls)
    self.waitingCalls = UInt64(peer.waitingCalls)
    self.connectFailures = UInt64(peer.failures)
    self.lastError = peer.lastFailure ?? ""
  }
}
