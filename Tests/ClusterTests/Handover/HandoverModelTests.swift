import Testing

@testable import Cluster

/// Random histories of rings, under every one of which the guarantees hold.
struct HandoverModelTests {
  /// Histories in which entries were lost once, and 100 more.
  @Test(arguments: Array(0..<100) + [321, 603, 782, 1_161, 1_437, 1_491, 1_621, 2_213])
  func `nodes come and go, and nothing is lost, stale or written twice`(seed: UInt64) {
    self.run(HandoverWorld(seed: seed, mayDie: false))
  }

  /// Histories in which something was lost once, or what had been deleted came back, and 100 more.
  @Test(arguments: Array(1_000..<1_100) + [289, 426, 483, 819, 925, 1_130, 1_168, 1_585, 1_608])
  func `nodes die too, and what was newer than what is left does not come back`(seed: UInt64) {
    self.run(HandoverWorld(seed: seed, mayDie: true))
  }

  @Test(arguments: Array(0..<50) + [136])
  func `nodes flap faster than anybody can follow, and nothing is lost`(seed: UInt64) {
    self.run(HandoverWorld(seed: seed, mayDie: false, flaps: true))
  }

  @Test(arguments: [1_176, 1_201, 1_220, 1_288, 1_322])
  func `nodes flap and die, and nothing is lost but with them`(seed: UInt64) {
    self.run(HandoverWorld(seed: seed, mayDie: true, flaps: true))
  }

  private func run(_ start: HandoverWorld) {
    var world = start
    for _ in 0..<3_000 {
      world.step()
      if !world.violations.isEmpty { break }
    }
    if world.violations.isEmpty { world.settle() }
    #expect(world.losses.isEmpty, "\(world.losses.prefix(3))")
    #expect(world.violations.isEmpty, "\(world.violations.prefix(3))")
    #expect(world.counts["read", default: 0] > 0, "a history that says something")
  }
}
