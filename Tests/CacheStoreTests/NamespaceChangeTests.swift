import Testing

@testable import CacheStore

/// Namespaces that come and change while the store is used.
@Suite struct NamespaceChangeTests {
  private func make(_ namespaces: [NamespaceConfiguration] = []) throws -> Store {
    try Store(
      StoreConfiguration(
        memoryBytes: 4 << 20, valueMaxBytes: 64 << 10, cores: 1, namespaces: namespaces))
  }

  @Test func `one that is made is there, by name and number, beside those before it`() throws {
    let store = try self.make([NamespaceConfiguration(name: "before")])
    #expect(store.namespaces.id(named: "made") == nil)
    for number in 2..<100 {
      let name = "made\(number)"
      let id = try #require(try store.createNamespace(NamespaceConfiguration(name: name)))
      #expect(id.rawValue == number)
      #expect(store.namespaces.id(named: name) == id)
      store.set("key", Array(name.utf8), in: id)
    }
    #expect(store.namespaces.id(named: "before")?.rawValue == 1)
    #expect(store.namespaces.count == 100)
    for number in 2..<100 {
      #expect(store.get("key", in: NamespaceID(rawValue: UInt16(number)))?.text == "made\(number)")
    }
    #expect(store.get("key") == nil)
    #expect(store.statistics().namespaces.count == 100)
    #expect(store.statistics().namespaces[99].entries == 1)
    #expect(store.faults() == [])
  }

  @Test func `a name that is taken is not made again`() throws {
    let store = try self.make([NamespaceConfiguration(name: "a")])
    #expect(try store.createNamespace(NamespaceConfiguration(name: "a")) == nil)
    #expect(try store.createNamespace(NamespaceConfiguration(name: "")) == nil)
    #expect(try store.alterNamespace(NamespaceConfiguration(name: "b")) == false)
  }

  @Test func `what may not be is refused, and nothing changes`() throws {
    let store = try self.make([NamespaceConfiguration(name: "a", guaranteedPercent: 50)])
    #expect(throws: StoreConfigurationError.self) {
      try store.createNamespace(NamespaceConfiguration(name: "b", guaranteedPercent: 31))
    }
    #expect(throws: StoreConfigurationError.self) {
      try store.alterNamespace(NamespaceConfiguration(name: "a", ttlJitterPercent: 51))
    }
    #expect(store.namespaces.count == 2)
    #expect(store.namespaces[NamespaceID(rawValue: 1)].guaranteedPercent == 50)
    #expect(try store.createNamespace(.init(name: "b", guaranteedPercent: 30)) != nil)
  }

  @Test func `its rules are those that were set last`() throws {
    let store = try self.make([NamespaceConfiguration(name: "a")])
    let id = NamespaceID(rawValue: 1)
    #expect(store.namespaces.rules(of: id).defaultExpiry == .never)
    let altered = NamespaceConfiguration(
      name: "a", defaultExpiry: .after(milliseconds: 7), ttlMaxMilliseconds: 9,
      valueMaxBytes: 100, ttlJitterPercent: 50)
    #expect(try store.alterNamespace(altered))
    #expect(
      store.namespaces.rules(of: id)
        == NamespaceRules(
          defaultExpiry: .after(milliseconds: 7), ttlMaxMilliseconds: 9, valueMaxBytes: 100))
    #expect(store.namespaces[id] == altered)
    var shortened = 0
    for number in 0..<100 {
      store.set("k\(number)", [1], in: id, expiry: .after(milliseconds: 1_000_000))
      guard case .after(let left)? = store.get("k\(number)", in: id)?.expiry else { continue }
      if left < 1_000_000 { shortened += 1 }
    }
    #expect(shortened > 90)
  }

  @Test(arguments: EvictionPolicy.allCases, EvictionPolicy.allCases)
  func `entries go over from one policy to another, and all that can be counted agrees`(
    before: EvictionPolicy, after: EvictionPolicy
  ) throws {
    let store = try self.make([NamespaceConfiguration(name: "a", policy: before)])
    let id = NamespaceID(rawValue: 1)
    for number in 0..<3_000 {
      store.set("key\(number)", [UInt8](repeating: 1, count: number % 300), in: id)
      store.set("other\(number)", [1])
      if number % 3 == 0 { _ = store.get("key\(number)", in: id) }
    }
    let entries = store.statistics().namespaces[1].entries
    #expect(try store.alterNamespace(NamespaceConfiguration(name: "a", policy: after)))
    #expect(store.faults() == [])
    #expect(store.statistics().namespaces[1].entries == entries)
    // To the others' pool and back, where the numbers of pools are used again.
    for policy in [nil, before, nil, after] {
      #expect(try store.alterNamespace(NamespaceConfiguration(name: "a", policy: policy)))
      #expect(store.faults() == [])
    }
    #expect(store.shards[0].withLock { state, _ in state.pools.count } <= 3)
    // And on, under eviction.
    let value = [UInt8](repeating: 2, count: 100)
    for number in 0..<30_000 { store.set("late\(number)", value, in: id) }
    #expect(store.faults() == [])
  }

  @Test func `reads, writes and evictions go on between the steps of a change`() throws {
    let store = try self.make([NamespaceConfiguration(name: "a", policy: .lru)])
    let id = NamespaceID(rawValue: 1)
    for number in 0..<8_000 { store.set("key\(number)", [1], in: id) }
    let wanted = PoolConfiguration(policy: .sieve, guaranteedBytes: 0)
    for shard in store.shards {
      shard.withLock { state, _ in state.beginRepooling(id, to: wanted) }
      var number = 0
      while shard.withLock({ $0.repool(&$1) }) {
        for _ in 0..<200 {
          number += 1
          _ = store.get("key\(number)", in: id)
          store.set("key\(number)", [UInt8](repeating: 1, count: number % 2_000), in: id)
          store.set("new\(number)", [2], in: id)
          store.remove("key\(number / 2)")
        }
        #expect(store.faults() == [])
      }
      #expect(number > 200)
    }
    #expect(store.faults() == [])
  }

  @Test func `a guarantee that comes later is kept`() throws {
    let store = try self.make([NamespaceConfiguration(name: "quiet")])
    let id = NamespaceID(rawValue: 1)
    for number in 0..<4_000 { store.set("key\(number)", [UInt8](repeating: 1, count: 100), in: id) }
    #expect(try store.alterNamespace(NamespaceConfiguration(name: "quiet", guaranteedPercent: 50)))
    let before = store.statistics().namespaces[1].entries
    for number in 0..<100_000 { store.set("noise\(number)", [UInt8](repeating: 1, count: 100)) }
    #expect(store.statistics().namespaces[1].entries == before)
    #expect(store.faults() == [])
  }
}
