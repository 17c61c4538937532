import Testing

@testable import Cluster

/// Random histories of rings, under every one of which the guarantees hold.
struct HandoverModelTests {
  /// Histories in which entries are given up that need not be: nodes lose hashes, get them back and lose
  /// them again while others do the same. What is given up is a miss, and nothing worse.
  private static let lossesKnown: Set<UInt64> = [23, 1_085]

  @Test(arguments: 0..<100)
  func `nodes come and go, and nothing is lost, stale or written twice`(seed: UInt64) {
    self.run(seed: seed, mayDie: false)
  }

  @Test(arguments: 1_000..<1_100)
  func `nodes die too, and what was newer than what is left does not come back`(seed: UInt64) {
    self.run(seed: seed, mayDie: true)
  }

  private func run(seed: UInt64, mayDie: Bool) {
    var world = HandoverWorld(seed: seed, mayDie: mayDie)
    for _ in 0..<3_000 {
      world.step()
      if !world.violations.isEmpty { break }
    }
    if world.violations.isEmpty { world.settle() }
    if Self.lossesKnown.contains(seed) {
      withKnownIssue("entries are given up that need not be") {
        #expect(world.losses.isEmpty, "\(world.losses.prefix(3))")
      }
    } else {
      #expect(world.losses.isEmpty, "\(world.losses.prefix(3))")
    }
    #expect(world.violations.isEmpty, "\(world.violations.prefix(3))")
    #expect(world.counts["read", default: 0] > 0, "a history that says something")
  }
}
