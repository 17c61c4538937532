import ArgumentParser
import HashRing
import LarderAPI
import Wire

/// `larder ring KEY`: who owns a key, and why.
struct RingCommand: ClientCommand {
  static let name = "ring"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Show which node owns a key, and why.",
    discussion: """
      Asks the node for its ring, and finds the owner as every node does: the key's hash, XXH64 with \
      the seed 0, belongs to the node of the first point at or after it. Outside the default \
      namespace what is hashed is NAMESPACE/KEY. Whether there is an entry is not looked at.
      """)

  @Argument(help: "The key.")
  var key: String

  @OptionGroup var namespace: NamespaceOptions
  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let status = try await node.status()
    guard let cluster = status.cluster else {
      return try StandardStreams.writeLine("\(status.nodeID) stands alone, and owns every key")
    }
    let answer = try RingAnswer(
      key: self.key, namespace: self.namespace.namespace, cluster: cluster)
    try StandardStreams.writeOutput(Array(answer.text.utf8))
  }
}

/// The owner of one key, and the point that makes it so.
struct RingAnswer {
  let hash: UInt64
  let owner: MemberStatus
  let point: RingPoint
  let epoch: String
  let pointCount: Int

  init(key: String, namespace: String, cluster: ClusterStatus) throws(CommandFailure) {
    let whole = Array((namespace.isEmpty ? key : "\(namespace)/\(key)").utf8)
    if cluster.isJoining {
      throw CommandFailure(
        "this node is not in its cluster yet: ask another", exit: ExitStatus.refused)
    }
    let ring = try cluster.ring()
    self.hash = XXH64.hash(whole.span.bytes)
    guard let point = ring.why(self.hash),
      let owner = cluster.members.first(where: { $0.id == ring.nodes[point.node].id })
    else {
      throw CommandFailure("the ring is empty: nobody owns anything", exit: ExitStatus.refused)
    }
    self.point = point
    self.owner = owner
    self.epoch = cluster.epoch
    self.pointCount = ring.pointCount
  }

  var text: String {
    var table = TextTable([.left, .left])
    table.add(["owner", self.owner.id])
    table.add(["address", self.owner.address])
    table.add(["state", self.owner.state])
    table.add(["hash", Self.hex(self.hash)])
    table.add([
      "point",
      "\(Self.hex(self.point.position)), the hash of \(self.owner.id)_\(self.point.index),"
        + " \(self.point.rank + 1) of \(self.pointCount)",
    ])
    table.add(["epoch", self.epoch])
    return table.text
  }

  private static func hex(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return "0x" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}

extension ClusterStatus {
  /// The ring that the node goes by.
  func ring() throws(CommandFailure) -> Ring {
    do {
      var nodes: [RingNode] = []
      // Those that join or leave have none.
      for member in self.members where member.points > 0 {
        // A weight that gives as many points.
        let weight = Double(member.points) / Double(RingNode.pointsPerWeight)
        nodes.append(try RingNode(id: member.id, zone: member.zone, weight: weight))
      }
      return try Ring(nodes)
    } catch {
      throw CommandFailure("the node's ring is none: \(error)", exit: ExitStatus.refused)
    }
  }
}
