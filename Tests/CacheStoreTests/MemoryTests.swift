import Testing

@testable import CacheStore

/// What the budget buys, whatever the traffic was before.
struct MemoryTests {
  @Test(arguments: EvictionPolicy.allCases)
  func `a store full of entries of one size uses its memory for those of another`(
    policy: EvictionPolicy
  ) throws {
    let budget = 2 << 20
    let store = try Store(
      StoreConfiguration(
        memoryBytes: budget, valueMaxBytes: 1 << 20, policy: policy, cores: 1))
    for (round, size) in [20, 3000, 60, 900, 7000, 20].enumerated() {
      let value = [UInt8](repeating: UInt8(round), count: size)
      for index in 0..<2 * budget / (size + 40) {
        let name = "round \(round) \(index)"
        guard case .stored = store.set(name, value) else {
          Issue.record("\(name) of \(size) bytes")
          return
        }
        #expect(store.get(name)?.value.count == size)
      }
      let statistics = store.statistics()
      let slots = statistics.memoryUsedBytes - statistics.tableBytes - statistics.policyBytes
      #expect(statistics.memoryUsedBytes <= budget)
      // What an index has left that grew or shrank just now is filled by the writes that follow.
      #expect(statistics.memoryUsedBytes > budget * 90 / 100, "round \(round)")
      #expect(statistics.total.bytes > slots * 90 / 100, "round \(round): free slots are few")
      #expect(store.faults() == [])
    }
  }

  @Test func `values of all sizes at once use most of the budget and never more`() throws {
    let store = try Store(
      StoreConfiguration(memoryBytes: 16 << 20, valueMaxBytes: 1 << 20, cores: 1))
    var random = SplitMix64(state: 9)
    for step in 0..<10_000 {
      // As many between 1 and 2 bytes as between 512 KiB and 1 MiB.
      let bits = Int.random(in: 0..<20, using: &random)
      let size = Int.random(in: 1 << bits..<2 << bits, using: &random)
      let name = "key \(Int.random(in: 0..<5000, using: &random))"
      if Int.random(in: 0..<4, using: &random) == 0 {
        store.remove(name)
      } else {
        let value = [UInt8](repeating: UInt8(truncatingIfNeeded: step), count: min(size, 1 << 20))
        guard case .stored = store.set(name, value) else {
          Issue.record("step \(step)")
          return
        }
      }
      #expect(store.statistics().memoryUsedBytes <= 16 << 20)
    }
    #expect(store.statistics().total.bytes > 14 << 20)
    #expect(store.faults() == [])
  }

  @Test func `memory that waits for small entries is given to large ones before any goes`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 30, cores: 1))
    let shards = UInt64(store.shards.count)
    try #require(store.statistics().memoryUsedBytes >= store.shards.count * 15 << 20)
    // All in one shard, of 256 MiB.
    let value = [UInt8](repeating: 7, count: 1 << 20)
    let fitting = 256 / 9 * 8 - 4
    for index in 0..<fitting as Range<Int> {
      store.set("large \(index)", value, hash: testHash(Array("\(index)".utf8)) / shards * shards)
    }
    let statistics = store.statistics()
    #expect(statistics.total.entries == fitting && statistics.total.evictions == 0)
    #expect(statistics.memoryUsedBytes <= 1 << 30)
    #expect(store.faults() == [])
  }

  @Test func `an entry of the usual size costs some 36 bytes beside key and value`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 128 << 20, cores: 1))
    let value = [UInt8](repeating: 1, count: 100)
    let count = 200_000
    for index in 0..<count {
      let name = String(index + 1_000_000_000_000_000)
      let expiry: Expiry = index % 2 == 0 ? .never : .after(milliseconds: 3_600_000)
      store.set(name, value, expiry: expiry)
    }
    let statistics = store.statistics()
    #expect(statistics.total.entries == count)
    // Thirty-six with the ghosts to come, and seven more while the index is between two sizes.
    #expect(statistics.memoryUsedBytes / count - 116 <= 43)
  }
}
