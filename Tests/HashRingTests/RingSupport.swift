@testable import HashRing

/// The rule of the ring said once more, as slowly and plainly as can be: what the ring is judged by.
struct ModelRing {
  /// A node with the positions of its points in place of a weight.
  struct Member {
    var id: String
    var zone = ""
    var positions: [UInt64]
  }

  let members: [Member]
  let ownersPerKey: Int

  /// The ids of the owners, in order.
  func owners(of hash: UInt64) -> [String] {
    // Clockwise distance is difference modulo 2^64.
    let ahead = self.members
      .flatMap { member in member.positions.map { (distance: $0 &- hash, member: member) } }
      .sorted { ($0.distance, $0.member.id) < ($1.distance, $1.member.id) }
    var distinct: [Member] = []
    for (_, member) in ahead where !distinct.contains(where: { $0.id == member.id }) {
      distinct.append(member)
    }
    var chosen: [Member] = []
    for member in distinct where !chosen.contains(where: { $0.zone == member.zone }) {
      chosen.append(member)
    }
    for member in distinct where !chosen.contains(where: { $0.id == member.id }) {
      chosen.append(member)
    }
    return chosen.prefix(self.ownersPerKey).map(\.id)
  }

  /// The ring that is to behave like this.
  func ring() throws(RingError) -> Ring {
    var nodes: [RingNode] = []
    for member in self.members { nodes.append(try RingNode(id: member.id, zone: member.zone)) }
    return try Ring(nodes, ownersPerKey: self.ownersPerKey) { node in
      self.members.first { $0.id == node.id }?.positions ?? []
    }
  }
}

extension ModelRing {
  /// Few positions, so that nodes collide and meet the ends of the circle.
  static let positions: [UInt64] = [
    0, 1, 2, 3, 500, 501, 1 << 40, 1 << 62, 1 << 63, (1 << 63) + 1, .max - 2, .max - 1, .max,
  ]
  /// Each of them and its neighbours.
  static let probes: Set<UInt64> = Set(positions.flatMap { [$0 &- 1, $0, $0 &+ 1] })

  /// Up to six nodes in up to three zones with up to four points each; maybe no nodes.
  static func random(
    ownersPerKey: ClosedRange<Int> = 1...OwnerList.ownersMax, using random: inout SplitMix64
  ) -> ModelRing {
    let members = ["a", "b", "c", "d", "e", "f"].shuffled(using: &random)
      .prefix(Int.random(in: 0...6, using: &random))
      .map { id in
        Member(
          id: id, zone: ["", "x", "y"][Int.random(in: 0...2, using: &random)],
          positions: (0..<Int.random(in: 1...4, using: &random)).map { _ in
            Self.positions[Int.random(in: 0..<Self.positions.count, using: &random)]
          })
      }
    return ModelRing(
      members: members, ownersPerKey: Int.random(in: ownersPerKey, using: &random))
  }
}

extension Ring {
  /// The ids of these nodes.
  func ids(_ owners: OwnerList) -> [String] { owners.map { self.nodes[$0].id } }

  func ownerID(of hash: UInt64) -> String? { self.owner(of: hash).map { self.nodes[$0].id } }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, seedable, good enough to pick test values.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { self.state = seed }

  mutating func next() -> UInt64 {
    // Modulo 2^64 by definition.
    self.state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (self.state ^ (self.state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
