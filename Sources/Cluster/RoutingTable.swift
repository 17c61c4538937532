public import GRPC
internal import HTTP2
public import HashRing

/// Who owns which keys, by one epoch. Immutable: a change of the cluster makes another table, off the
/// event loops, which takes the place of this one whole.
public final class RoutingTable: Sendable {
  /// What this node may do with the keys that the table gives it.
  public enum Duty: Sendable {
    /// Read and write them.
    case serving
    /// Read them, and say that it may be stale: others may own them by now.
    case isolated
    /// Nothing, nor pass calls on: this node is in no cluster yet, or nobody is left in it.
    case none
  }

  public let epoch: Epoch
  public let ring: Ring
  /// In the order of `ring.nodes`: owners are indexes into these.
  public let members: [Member]
  /// This node among the members; nil: it owns nothing.
  public let own: Int?
  /// By which name this node looks for itself among the members.
  public let ownID: String
  /// As of the view that the table was made of.
  public let duty: Duty
  /// The same for the same nodes, and hardly ever for others: 16 hexadecimal digits.
  let fingerprint: [UInt8]
  /// `own`, or a number that no owner has.
  private let ownIndex: Int

  /// - Parameters:
  ///   - members: those that own keys, in any order.
  ///   - ownID: of this node.
  /// - Throws: where two members have one id, one has no good weight, or they are too many.
  public init(
    epoch: Epoch, members: [Member], ownID: String, duty: Duty = .serving
  ) throws(RingError) {
    var nodes: [RingNode] = []
    for member in members {
      nodes.append(try RingNode(id: member.id, zone: member.zone, weight: member.weight))
    }
    let ring = try Ring(nodes)
    let byID = Dictionary(members.map { ($0.id, $0) }) { first, _ in first }
    self.epoch = epoch
    self.ownID = ownID
    self.duty = duty
    self.ring = ring
    self.members = ring.nodes.compactMap { byID[$0.id] }
    self.own = ring.nodes.firstIndex { $0.id == ownID }
    self.ownIndex = self.own ?? -1
    self.fingerprint = Self.fingerprint(of: ring)
  }

  /// The same ring, which takes long to make, by another view.
  public init(_ other: RoutingTable, epoch: Epoch, duty: Duty) {
    self.epoch = epoch
    self.duty = duty
    self.ring = other.ring
    self.members = other.members
    self.own = other.own
    self.ownID = other.ownID
    self.ownIndex = other.ownIndex
    self.fingerprint = other.fingerprint
  }

  private static func fingerprint(of ring: Ring) -> [UInt8] {
    let text = Array(ring.nodes.map { "\($0.ringKey) \($0.pointCount)\n" }.joined().utf8)
    let digits = String(XXH64.hash(text.span.bytes), radix: 16)
    return Array((String(repeating: "0", count: 16 - digits.utf8.count) + digits).utf8)
  }

  /// Whether a peer that forwards a call was given the same nodes. Only of rings that never change: of
  /// others the epoch says which is newer. A call without the metadata is not a node's, and is taken.
  public func agrees(with call: borrowing UnaryCall) -> Bool {
    guard self.epoch == .fixed else { return true }
    let metadata = call.metadata
    guard let theirs = metadata.first(Self.fingerprintName) else { return true }
    let ours = self.fingerprint
    return theirs.equals(ours.span.bytes)
  }

  /// The metadata of forwarded calls in which the fingerprint of the sender's ring travels.
  static let fingerprintName: StaticString = "larder-ring"

  /// The owner of a key with this hash where that is another node, as an index into `members`; nil:
  /// this node, or nobody.
  public func otherOwner(of hash: UInt64) -> Int? {
    guard let owner = self.ring.owner(of: hash), owner != self.ownIndex else { return nil }
    return owner
  }
}
