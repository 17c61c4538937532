import HashRing
import LarderAPI

/// Finds the keys of a load that one node of a cluster owns.
enum OwnedKeys {
  /// So that finding them takes no longer than a second or two.
  static let keysMax = 10_000_000
  /// Numbers that are looked at for each key: an owner of less than a hundredth of all keys is none
  /// that a load is for.
  private static let looksPerKey = 100

  /// The numbers of as many keys as the plan has, in order.
  ///
  /// - Throws: where `owner` is no member, or owns too little.
  static func find(
    _ plan: BenchPlan, _ owner: String, _ status: GetStatusResponse
  ) throws(CommandFailure) -> [Int] {
    guard let cluster = status.cluster else {
      throw CommandFailure(
        "--owner \(owner): \(status.nodeID) stands alone", exit: ExitStatus.refused)
    }
    let ring = try cluster.ring()
    guard let node = ring.nodes.firstIndex(where: { $0.id == owner }) else {
      let members = ring.nodes.prefix(10).map(\.id).joined(separator: ", ")
      throw CommandFailure(
        "--owner \(owner) is none of the members: \(members)", exit: ExitStatus.refused)
    }
    let prefix = Array(plan.namespace.utf8)
    var text = KeyText(size: plan.keySizeBytes)
    var numbers: [Int] = []
    numbers.reserveCapacity(plan.keys)
    // All texts are of one length, which the last number has to fit in.
    let digitsMax = min(plan.keySizeBytes - 1, 18)
    let end = min(
      plan.keys * Self.looksPerKey + 10_000, (0..<digitsMax).reduce(1) { power, _ in power * 10 })
    for number in 0..<end where numbers.count < plan.keys {
      text.set(number)
      let key = text.bytes.span.bytes
      let hash =
        prefix.isEmpty
        ? XXH64.hash(key)
        : XXH64.hash(prefix: prefix.span.bytes, separator: UInt8(ascii: "/"), key)
      if ring.owner(of: hash) == node { numbers.append(number) }
    }
    guard numbers.count == plan.keys else {
      throw CommandFailure(
        "--owner \(owner) owns only \(numbers.count) of the first \(end) keys",
        exit: ExitStatus.refused)
    }
    return numbers
  }
}
