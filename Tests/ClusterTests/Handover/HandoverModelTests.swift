import Testing

@testable import Cluster

/// Random histories of rings, under every one of which the guarantees hold.
struct HandoverModelTests {
  @Test(arguments: 0..<150)
  func `nodes come and go, and nothing is lost, stale or written twice`(seed: UInt64) {
    self.run(seed: seed, mayDie: false)
  }

  @Test(arguments: 1_000..<1_150)
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
    #expect(world.violations.isEmpty, "\(world.violations.prefix(3))")
    // The history was one that says anything.
    #expect(world.counts["read", default: 0] > 100, "\(world.counts)")
    #expect(world.counts["streamed", default: 0] > 5, "\(world.counts)")
  }
}
