import Testing

@testable import HashRing

/// Every expectation here was printed by scripts/ring_golden.py, which shares no code with ours.
struct GoldenTests {
  struct Golden: Sendable {
    var nodes: [(id: String, zone: String, weight: Double)]
    var pointCount: Int
    /// XXH64 of all points: position, node and number, little-endian, as the script packs them.
    var digest: UInt64
    /// By ring key, as everything below.
    var shares: [Double]
    /// Of "user:0" to "user:7".
    var owners: [[Int]]
  }

  @Test(arguments: [threeNodes, twoZones, lightNodes])
  func `the ring is the one that an independent implementation computes`(golden: Golden) throws {
    let nodes = try golden.nodes.map {
      try RingNode(id: $0.id, zone: $0.zone, weight: $0.weight)
    }
    let ring = try Ring(nodes, ownersPerKey: 4)
    #expect(ring.pointCount == golden.pointCount)
    var packed: [UInt8] = []
    for point in ring.points.dropLast() {
      withUnsafeBytes(of: point.position.littleEndian) { packed += $0 }
      withUnsafeBytes(of: point.node.littleEndian) { packed += $0 }
      withUnsafeBytes(of: point.index.littleEndian) { packed += $0 }
    }
    #expect(XXH64.hash(packed.span.bytes) == golden.digest)
    for (node, share) in golden.shares.enumerated() {
      #expect(abs(ring.share(of: node) - share) < 1e-15)
    }
    for (number, owners) in golden.owners.enumerated() {
      let hash = XXH64.hash(Array("user:\(number)".utf8).span.bytes)
      #expect(ring.owners(of: hash).elementsEqual(owners), "user:\(number)")
      #expect(ring.owner(of: hash) == owners[0], "user:\(number)")
    }
  }

  static let threeNodes = Golden(
    nodes: [("10.0.0.1:7600", "", 1), ("10.0.0.2:7600", "", 1), ("10.0.0.3:7600", "", 1)],
    pointCount: 6_144, digest: 0x58B2_0513_29E6_E545,
    shares: [0.3321242033389421, 0.3342554364952917, 0.3336203601657662],
    owners: [
      [2, 0, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1], [1, 0, 2], [0, 2, 1], [0, 1, 2], [0, 2, 1],
    ])

  static let twoZones = Golden(
    nodes: [
      ("larder-0.larder:7600", "eu-1", 1), ("larder-1.larder:7600", "eu-2", 0.5),
      ("larder-2.larder:7600", "eu-1", 2), ("larder-3.larder:7600", "eu-2", 0.3),
      ("larder-10.larder:7600", "", 1.7),
    ],
    pointCount: 11_264, digest: 0x3BF2_3192_B017_2220,
    shares: [
      0.17118250200192925, 0.08917300977763615, 0.3059826120289265, 0.37985265753083153,
      0.0538092186606765,
    ],
    owners: [
      [3, 2, 4, 0], [3, 2, 1, 4], [3, 2, 1, 0], [2, 4, 0, 3], [0, 4, 2, 3], [1, 3, 2, 0],
      [3, 2, 4, 0], [1, 3, 2, 0],
    ])

  /// Too light for 2,048th parts: one point, two, and one.
  static let lightNodes = Golden(
    nodes: [("a", "", 0.0001), ("b", "", 0.001), ("c", "", 0.00073)],
    pointCount: 4, digest: 0xEB17_E222_A5C5_E686,
    shares: [0.070799738709733, 0.5532715102871222, 0.3759287510031449],
    owners: [
      [2, 1, 0], [1, 0, 2], [1, 0, 2], [2, 1, 0], [1, 0, 2], [1, 0, 2], [0, 2, 1], [1, 0, 2],
    ])
}
