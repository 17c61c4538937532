import Testing

@testable import HashRing

/// The bars that the number of points for each weight has to meet, over thirty sets of addresses
/// of three kinds. Shares are exact lengths of arcs, nothing is sampled.
struct BalanceTests {
  static let sets = 0..<30

  private static func address(_ set: Int, _ node: Int) -> String {
    switch set % 3 {
    case 0: "10.0.\(set).\(node + 1):7600"
    case 1: "larder-\(node).cache-\(set).svc.cluster.local:7600"
    default: "127.0.0.1:\(7_600 + 100 * set + node)"
    }
  }

  @Test(arguments: sets)
  func `the largest share of ten equal nodes is within a tenth of the mean`(set: Int) throws {
    let ring = try Ring((0..<10).map { try RingNode(id: Self.address(set, $0)) })
    let shares = ring.nodes.indices.map(ring.share(of:))
    #expect(abs(shares.reduce(0, +) - 1) < 1e-12)
    let largest = try #require(shares.max())
    #expect(largest * 10 <= 1.10)
  }

  @Test(arguments: sets)
  func `an eleventh node takes little more than its part, and only for itself`(set: Int) throws {
    let nodes = try (0..<11).map { try RingNode(id: Self.address(set, $0)) }
    let ten = try Ring(nodes.dropLast())
    let eleven = try Ring(nodes)
    let added = try #require(eleven.nodes.firstIndex { $0.id == nodes[10].id })
    let joining = eleven.changes(from: ten)
    #expect(joining.allSatisfy { Array($0.newOwners) == [added] })
    let moved = joining.reduce(0) { $0 + $1.arc.share }
    #expect(moved * 11 <= 1.15)
    #expect(abs(moved - eleven.share(of: added)) < 1e-12)
    // Leaving again gives back the same arcs, and nothing else.
    let leaving = ten.changes(from: eleven)
    #expect(leaving.map(\.arc) == joining.map(\.arc))
    #expect(leaving.map(\.newOwners) == joining.map(\.oldOwners))
  }

  @Test(arguments: sets)
  func `shares are as the weights say, within a tenth`(set: Int) throws {
    let weights = [0.5, 0.5, 1, 1, 1, 1.5, 2, 2, 3, 4]
    let total = weights.reduce(0, +)
    let ring = try Ring(
      weights.enumerated().map { try RingNode(id: Self.address(set, $0), weight: $1) })
    for (index, node) in ring.nodes.enumerated() {
      let expected = node.weight / total
      #expect(abs(ring.share(of: index) / expected - 1) <= 0.10, "weight \(node.weight)")
    }
  }
}
