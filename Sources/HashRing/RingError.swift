/// Why there can be no such node or ring.
public enum RingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A weight that is not above 0, above `RingNode.weightMax`, or not a number.
  case weight(id: String, weight: Double)
  /// Two nodes with one id.
  case duplicateID(String)
  /// Two nodes with one ring key, whose points would lie upon each other.
  case duplicateRingKey(String, firstID: String, secondID: String)
  /// More nodes than `Ring.nodesMax`.
  case tooManyNodes(Int)
  /// More points than `Ring.pointsMax`.
  case tooManyPoints(Int)

  /// Names what is wrong, its value, and what would be accepted.
  public var description: String {
    switch self {
    case .weight(let id, let weight):
      "the weight of node \(id) is \(weight): set it above 0 and to at most \(RingNode.weightMax)"
    case .duplicateID(let id):
      "two nodes have the id \(id): give each node an id of its own"
    case .duplicateRingKey(let key, let first, let second):
      "nodes \(first) and \(second) have the same ring key, \(key): give each node its own"
    case .tooManyNodes(let count):
      "a ring of \(count) nodes: it can have at most \(Ring.nodesMax)"
    case .tooManyPoints(let count):
      "the weights of all nodes make \(count) points, and a ring has at most \(Ring.pointsMax): "
        + "scale all weights down"
    }
  }
}
