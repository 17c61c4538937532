import Testing

@testable import CacheStore

struct ExpiryTests {
  @Test func `expired entries free their memory within a second, and nothing else is touched`()
    throws
  {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20, cores: 2))
    let empty = store.statistics().memoryUsedBytes
    var random = SplitMix64(state: 5)
    for index in 0..<20_000 {
      let ttl = UInt64.random(in: 1...60_000, using: &random)
      store.set(
        "k\(index)", [UInt8](repeating: 1, count: index % 300),
        expiry: .after(milliseconds: ttl), now: at(500))
    }
    for index in 0..<1000 { store.set("kept\(index)", "v", now: at(500)) }
    for second in 1...61 as ClosedRange<UInt64> {
      for step in 0..<10 as Range<UInt64> {
        store.expire(now: at(500 + second * 1000 + step * 100))
      }
      // What ended a second ago is gone, though nobody has asked for it.
      let late = store.leftovers(endedBy: 500 + second * 1000 - 100)
      #expect(late == 0, "second \(second)")
    }
    #expect(store.statistics().total.expirations == 20_000)
    #expect(store.statistics().total.entries == 1000)
    #expect(store.statistics().memoryUsedBytes < empty + 4 << 20)
    #expect(store.faults() == [])
  }

  @Test func `an entry whose time is extended stays, and one whose time is cut goes`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    store.set("extended", "v", expiry: .after(milliseconds: 1000), now: at(0))
    store.set("unlimited", "v", expiry: .after(milliseconds: 1000), now: at(0))
    store.set("cut", "v", now: at(0))
    _ = store.retime("extended", .after(milliseconds: 100_000), now: at(10))
    _ = store.retime("unlimited", .never, now: at(10))
    _ = store.retime("cut", .after(milliseconds: 2000), now: at(10))
    store.expire(now: at(5000))
    #expect(store.statistics().total.entries == 2)
    #expect(store.get("unlimited", now: at(5000))?.expiry == .never)
    #expect(store.get("extended", now: at(5000))?.expiry == .after(milliseconds: 95_010))
    #expect(store.faults() == [])
  }

  @Test func `deadlines beyond the range of 32 bits are kept to the millisecond`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    let year: UInt64 = 365 * 86_400_000
    store.set("k", "v", expiry: .after(milliseconds: year), now: at(77))
    #expect(store.get("k", now: at(77 + year - 1))?.expiry == .after(milliseconds: 1))
    store.expire(now: at(77 + year - 1))
    #expect(store.get("k", now: at(77 + year - 1)) != nil)
    store.expire(now: at(77 + year + 1000))
    #expect(store.statistics().total.entries == 0)
    #expect(store.faults() == [])
  }

  @Test func `jitter shortens a TTL by at most its share, each key's by its own`() throws {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 64 << 20,
        namespaces: [NamespaceConfiguration(name: "", ttlJitterPercent: 20)]))
    var lives: [UInt64] = []
    for index in 0..<2000 {
      store.set("k\(index)", "v", expiry: .after(milliseconds: 100_000), now: at(0))
      guard case .after(let left)? = store.get("k\(index)")?.expiry else { continue }
      lives.append(left)
    }
    #expect(lives.count == 2000)
    #expect(lives.allSatisfy { (80_000...100_000).contains($0) })
    #expect(lives.filter { $0 < 90_000 }.count > 800)
    #expect(Set(lives).count > 1500)
    store.set("k", "v")
    #expect(store.get("k")?.expiry == .never)
  }
}

extension Store {
  /// Entries that are in the store though their time had ended by then.
  func leftovers(endedBy time: UInt64) -> Int {
    self.shards.reduce(0) { sum, shard in
      sum
        + shard.withLock { state, _ in
          let memory = state.memory
          var count = 0
          var cursor: UInt64 = 0
          repeat {
            state.index.forEach(at: cursor, in: memory) { entry, _ in
              if memory.deadline(entry) <= time { count += 1 }
            }
            cursor = state.index.cursor(after: cursor)
          } while cursor != 0
          return count
        }
    }
  }
}
