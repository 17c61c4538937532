internal import GRPC
internal import HashRing

/// What a node knows of its cluster, at one moment.
public struct ForwardingSnapshot: Sendable {
  /// One member of the ring.
  public struct Peer: Sendable {
    public let member: Member
    /// This node itself.
    public let isOwn: Bool
    /// The part of all keys that it owns, 0 to 1.
    public let share: Double
    /// Its points on the ring.
    public let points: Int
    /// Links of all event loops, by their state: idle, connecting, ready, suspected, unreachable.
    public fileprivate(set) var links: [String: Int] = [:]
    public fileprivate(set) var openCalls = 0
    public fileprivate(set) var waitingCalls = 0
    /// Attempts to connect that have failed.
    public fileprivate(set) var failures = 0
    /// How often it was suspected.
    public fileprivate(set) var suspicions = 0
    /// Why the peer cannot be reached; nil: it can, as far as is known.
    public fileprivate(set) var lastFailure: String?

    /// In one word: `self`; `unreachable` or `suspected` if it is from any event loop; else `ready`,
    /// `connecting` or `idle`, if nobody needs a connection.
    public var state: String {
      if self.isOwn { return "self" }
      let order = [PeerLinkStateMachine.Shown.unreachable, .suspected, .ready, .connecting]
      return order.map(\.rawValue).first { self.links[$0, default: 0] > 0 } ?? "idle"
    }
  }

  public private(set) var epoch = Epoch.fixed
  public private(set) var peers: [Peer] = []
  public private(set) var counts = ForwardCounts()
  /// Reads that were answered by another one's call to the owner.
  public private(set) var mergedReads = 0
  /// What has become of calls for keys that were on their way to this node.
  public private(set) var handover = ArrivalCounts()
  /// Calls that wait for such keys now.
  public private(set) var arrivalCalls = 0
  /// Reads that have gone out with others in one call to their owner.
  public private(set) var sharedReads = 0

  init() {}

  init(_ loop: LoopForwarder) {
    self.epoch = loop.table.epoch
    self.counts = loop.counts
    self.mergedReads = loop.flights.mergedReads
    self.handover = loop.handover.calls.counts
    self.arrivalCalls = loop.handover.calls.count
    self.sharedReads = loop.sharedReads
    self.peers = loop.table.members.enumerated().map { index, member in
      var peer = Peer(
        member: member, isOwn: index == loop.table.own, share: loop.table.ring.share(of: index),
        points: loop.table.ring.nodes[index].pointCount)
      for link in loop.links[index] {
        peer.links[link.state.rawValue, default: 0] += 1
        peer.openCalls += link.openCalls
        peer.waitingCalls += link.waitingCalls
        peer.failures += link.failures
        peer.suspicions += link.suspicions
        peer.lastFailure = link.lastFailure?.message ?? peer.lastFailure
      }
      return peer
    }
  }

  /// Adds what another loop knows. Where the loops go by different tables, for a moment, the newest
  /// counts.
  mutating func add(_ other: ForwardingSnapshot) {
    self.counts.add(other.counts)
    self.mergedReads += other.mergedReads
    self.handover.add(other.handover)
    self.arrivalCalls += other.arrivalCalls
    self.sharedReads += other.sharedReads
    guard !self.peers.isEmpty, other.epoch <= self.epoch else {
      self.epoch = other.epoch
      self.peers = other.peers
      return
    }
    // While a node joins, its loops may go by an epoch that is not known, and by members or none.
    guard other.epoch == self.epoch, other.peers.map(\.member) == self.peers.map(\.member) else {
      return
    }
    for index in self.peers.indices {
      self.peers[index].links.merge(other.peers[index].links, uniquingKeysWith: +)
      self.peers[index].openCalls += other.peers[index].openCalls
      self.peers[index].waitingCalls += other.peers[index].waitingCalls
      self.peers[index].failures += other.peers[index].failures
      self.peers[index].suspicions += other.peers[index].suspicions
      self.peers[index].lastFailure =
        other.peers[index].lastFailure ?? self.peers[index].lastFailure
    }
  }
}
