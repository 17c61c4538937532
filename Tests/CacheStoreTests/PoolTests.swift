import Testing

@testable import CacheStore

/// Namespaces with memory or a policy of their own.
struct PoolTests {
  private let value = [UInt8](repeating: 1, count: 500)

  private func store(_ namespaces: [NamespaceConfiguration]) throws -> Store {
    try Store(StoreConfiguration(memoryBytes: 4 << 20, cores: 1, namespaces: namespaces))
  }

  @Test func `a noisy namespace does not push another below its share`() throws {
    let store = try self.store([
      NamespaceConfiguration(name: "quiet", guaranteedPercent: 40),
      NamespaceConfiguration(name: "noisy"),
    ])
    let quiet = try #require(store.namespaces.id(named: "quiet"))
    let noisy = try #require(store.namespaces.id(named: "noisy"))
    for index in 0..<2500 { store.set("k\(index)", self.value, in: quiet) }
    let before = store.statistics().namespaces[Int(quiet.rawValue)]
    #expect(before.bytes < 4 << 20 * 40 / 100)
    for index in 0..<50_000 { store.set("k\(index)", self.value, in: noisy) }
    #expect(store.statistics().namespaces[Int(quiet.rawValue)].entries == before.entries)
    for index in 0..<2500 { #expect(store.get("k\(index)", in: quiet) != nil) }
    #expect(store.statistics().namespaces[Int(noisy.rawValue)].evictions > 40_000)
    #expect(store.faults() == [])
  }

  @Test func `what a namespace does not use of its share is there for others, until it needs it`()
    throws
  {
    let store = try self.store([NamespaceConfiguration(name: "a", guaranteedPercent: 60)])
    let a = try #require(store.namespaces.id(named: "a"))
    for index in 0..<20_000 { store.set("k\(index)", self.value) }
    #expect(store.statistics().namespaces[0].bytes > 3 << 20)
    for index in 0..<20_000 { store.set("k\(index)", self.value, in: a) }
    #expect(store.statistics().namespaces[1].bytes > 4 << 20 * 55 / 100)
    #expect(store.faults() == [])
  }

  @Test func `each namespace evicts by its own policy`() throws {
    let store = try self.store([
      NamespaceConfiguration(name: "lru", policy: .lru, guaranteedPercent: 40),
      NamespaceConfiguration(name: "sieve", policy: .sieve, guaranteedPercent: 40),
    ])
    for name in ["lru", "sieve"] {
      let id = try #require(store.namespaces.id(named: name))
      store.set("old", self.value, in: id)
      for index in 0..<30_000 {
        store.set("k\(index)", self.value, in: id)
        // Read once a round, which is enough for both; under lru a second entry that is not goes.
        if index % 1000 == 0 { #expect(store.get("old", in: id) != nil) }
      }
      #expect(store.get("k5", in: id) == nil)
    }
    #expect(store.faults() == [])
  }

  @Test func `shares that leave nothing for the store itself are refused`() {
    for percents in [[81], [50, 31], [-1]] {
      #expect(throws: StoreConfigurationError.self) {
        try self.store(
          percents.enumerated().map {
            NamespaceConfiguration(name: "n\($0)", guaranteedPercent: $1)
          })
      }
    }
    #expect(throws: StoreConfigurationError.self) {
      try self.store([NamespaceConfiguration(name: "n", ttlJitterPercent: 51)])
    }
  }
}
