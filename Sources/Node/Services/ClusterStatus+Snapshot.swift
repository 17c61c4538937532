internal import Cluster
internal import HashRing
internal import LarderAPI

extension ClusterStatus {
  /// - Parameter membership: nil: the nodes are a fixed list.
  init(_ snapshot: ForwardingSnapshot, _ membership: MembershipSnapshot?) {
    self.init()
    self.epoch = "\(snapshot.epoch)"
    self.members = snapshot.peers.map { MemberStatus($0) }
    if let membership { self.add(membership) }
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

  private mutating func add(_ membership: MembershipSnapshot) {
    self.name = membership.cluster
    // What the node sees of the cluster before it has joined it does not go by.
    let hasJoined = self.epoch != "\(Epoch.unknown)"
    self.standing = hasJoined ? membership.view?.standing.rawValue ?? "" : "joining"
    if !hasJoined { self.epoch = "" }
    self.lease = membership.lease.map { "\($0)" } ?? ""
    self.leaseLeftMilliseconds = UInt64((membership.leaseLeft ?? .zero) / .milliseconds(1))
    self.etcdFailures = UInt64(membership.etcdFailures)
    let members = membership.view?.members ?? []
    for member in members {
      if let index = self.members.firstIndex(where: { $0.id == member.id }) {
        self.members[index].add(member, membership)
      } else {
        // It is in the cluster, and not on the ring.
        var status = MemberStatus()
        status.id = member.id
        status.address = member.address
        status.zone = member.zone
        status.isSelf = member.id == membership.member.id
        status.state = status.isSelf ? "self" : "idle"
        status.add(member, membership)
        self.members.append(status)
      }
    }
  }
}

extension MemberStatus {
  fileprivate mutating func add(_ member: Member, _ membership: MembershipSnapshot) {
    self.membership = member.state.rawValue
    self.incarnation = member.incarnation
    self.version = member.version
    self.capacityBytes = member.capacityBytes
    self.lease = membership.leases[member.id].map { "\($0)" } ?? ""
  }

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
    self.suspicions = UInt64(peer.suspicions)
  }
}
