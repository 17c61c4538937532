/// The point that decides who owns a key.
public struct RingPoint: Sendable, Hashable {
  /// The hash at which the point lies.
  public let position: UInt64
  /// The node whose point it is, as an index into `Ring.nodes`.
  public let node: Int
  /// The point's number among those of its node: `position` is the hash of `<ring key>_<index>`.
  public let index: Int
  /// The point's place among all points of the ring, from 0 on.
  public let rank: Int
  /// The hashes that it decides.
  public let arc: RingArc
}

extension Ring {
  /// Why a key with this hash belongs to its owner; nil if nobody owns anything.
  public func why(_ hash: UInt64) -> RingPoint? {
    guard !self.isEmpty else { return nil }
    let found = self.indexOfPoint(for: hash)
    let rank = found == self.pointCount ? 0 : found
    let previous = self.points[rank == 0 ? self.pointCount - 1 : rank - 1]
    let point = self.points[rank]
    return RingPoint(
      position: point.position, node: Int(point.node), index: Int(point.index), rank: rank,
      arc: RingArc(after: previous.position, through: point.position))
  }
}
