/// One node as the ring sees it: who it is, where its points lie, and how many it has.
public struct RingNode: Sendable, Hashable {
  /// Points of a node of weight 1. With it the largest of ten equal shares stays within a tenth of
  /// the mean.
  public static let pointsPerWeight = 2_048
  /// The largest weight.
  public static let weightMax = 64.0

  /// Names the node. Nodes of two rings are the same node if their ids are equal: one that comes
  /// back without its data comes back under another id.
  public let id: String
  /// Places the node: its points are hashes of this text and a number.
  public let ringKey: String
  /// Where the node stands. The owners of a key are in distinct zones as far as there are any;
  /// nodes without a zone (`""`) share one.
  public let zone: String
  /// The node's part of the key space, relative to the other nodes: above 0 and at most
  /// `weightMax`.
  public let weight: Double

  /// - Parameter ringKey: the id, if nil.
  /// - Throws: `RingError.weight`, if the weight is out of range or not a number.
  public init(
    id: String, ringKey: String? = nil, zone: String = "", weight: Double = 1
  ) throws(RingError) {
    // Not a number and the infinities fail one of the comparisons.
    guard weight > 0, weight <= Self.weightMax else {
      throw RingError.weight(id: id, weight: weight)
    }
    self.id = id
    self.ringKey = ringKey ?? id
    self.zone = zone
    self.weight = weight
  }

  /// Points that the node has on the ring: in proportion to its weight, rounded to the nearest
  /// (halves up), and at least one.
  public var pointCount: Int {
    // Adds and truncates because `rounded()` needs the C library of mathematics, which nothing else
    // here does. The sum is exact above 1, and below the result is 1 in any case.
    max(1, Int(self.weight * Double(Self.pointsPerWeight) + 0.5))
  }

  /// Where the node's points lie, by their numbers: point `i` at the hash of `<ring key>_<i>`, as
  /// in the ring_hash policy of gRPC (proposal A42), so that a stock client can compute it too.
  var positions: [UInt64] {
    var prefix = XXH64.Stream()
    prefix.update(Array("\(self.ringKey)_".utf8).span.bytes)
    // Counted in decimal digits, for to write each number anew would take longer than all its hash.
    var digits = [UInt8(ascii: "0")]
    return (0..<self.pointCount).map { _ in
      var text = prefix
      text.update(digits.span.bytes)
      Self.increment(&digits)
      return text.finalize()
    }
  }

  private static func increment(_ digits: inout [UInt8]) {
    for index in digits.indices.reversed() {
      guard digits[index] == UInt8(ascii: "9") else {
        digits[index] += 1
        return
      }
      digits[index] = UInt8(ascii: "0")
    }
    digits.insert(UInt8(ascii: "1"), at: 0)
  }
}
