import Testing

@testable import CacheStore

struct LimitTests {
  @Test("a value at the limit is stored and one byte above it refused")
  func valueLimit() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, valueMaxBytes: 50_000))
    let largest = [UInt8](repeating: 1, count: 50_000)
    guard case .stored = store.set("k", largest) else {
      Issue.record("a value of the largest size fits")
      return
    }
    #expect(store.get("k")?.value == largest)
    #expect(store.set("k", largest + [1]) == .valueTooLarge)
    #expect(store.get("k")?.value == largest)
  }

  @Test("values at the inline limit lie in the entry, one byte above it in an extent")
  func inlineLimit() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, inlineValueMaxBytes: 1000))
    store.set("inline", [UInt8](repeating: 1, count: 1000))
    store.set("extent", [UInt8](repeating: 2, count: 1001))
    #expect(store.extent("inline") == nil)
    #expect(store.extent("extent")?.byteCount == 1001)
    #expect(store.get("extent")?.value == [UInt8](repeating: 2, count: 1001))
  }

  @Test("a value that can never fit is refused, and nothing is evicted for it")
  func neverFits() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 256 << 10, valueMaxBytes: 1 << 20))
    store.set("small", "v")
    #expect(store.set("large", [UInt8](repeating: 1, count: 256 << 10)) == .noSpace)
    #expect(store.get("small")?.text == "v")
    #expect(store.statistics().total.evictions == 0)
  }

  @Test("a full store evicts the least recently used entries and keeps its budget at every write")
  func eviction() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 256 << 10))
    let value = [UInt8](repeating: 1, count: 1000)
    for index in 0..<1000 {
      store.set("k\(index)", value)
      #expect(store.get("k0") != nil, "read each time, so never the least recent")
      #expect(store.statistics().memoryUsedBytes <= 256 << 10)
    }
    #expect(store.get("k1") == nil)
    #expect(store.get("k999") != nil)
    let total = store.statistics().total
    #expect(total.evictions + total.entries == 1000)
    #expect(total.bytes > 200 << 10, "the budget is used")
    #expect(store.faults() == [])
  }

  @Test("room for a large value is made over several locked sections")
  func manyEvictions() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 2 << 20, valueMaxBytes: 1 << 20))
    for index in 0..<60_000 { store.set("k\(index)", "v") }
    let before = store.statistics().total.evictions
    guard case .stored = store.set("large", [UInt8](repeating: 1, count: 1 << 20)) else {
      Issue.record("there is room for it")
      return
    }
    #expect(store.statistics().total.evictions - before > ShardState.evictionsPerLockMax)
    #expect(store.get("large") != nil)
    #expect(store.faults() == [])
  }

  @Test("overwriting the only entry that fits works, for it does not count twice")
  func replaceWhenFull() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 256 << 10, valueMaxBytes: 200 << 10))
    for byte in 0..<5 {
      let value = [UInt8](repeating: UInt8(byte), count: 200 << 10)
      guard case .stored = store.set("k", value) else {
        Issue.record("overwrite \(byte)")
        return
      }
      #expect(store.get("k")?.value == value)
    }
    #expect(store.statistics().total.evictions == 0)
  }

  @Test("shards are a power of two, by cores, with room for eight of the largest values each")
  func shardCount() {
    #expect(StoreConfiguration(memoryBytes: 1 << 30, cores: 1).shardCount == 4)
    #expect(StoreConfiguration(memoryBytes: 1 << 30, cores: 2).shardCount == 32)
    #expect(StoreConfiguration(memoryBytes: 1 << 30, cores: 3).shardCount == 32)
    #expect(StoreConfiguration(memoryBytes: 4 << 30, cores: 3).shardCount == 64)
    #expect(StoreConfiguration(memoryBytes: 4 << 30, cores: 4).shardCount == 128)
    #expect(StoreConfiguration(memoryBytes: 1 << 30, cores: 64).shardCount == 32)
    #expect(StoreConfiguration(memoryBytes: 24 << 20, cores: 64).shardCount == 1)
    #expect(StoreConfiguration(memoryBytes: 48 << 20, cores: 64).shardCount == 2)
    #expect(StoreConfiguration(memoryBytes: 1 << 20, cores: 64).shardCount == 1)
    #expect(StoreConfiguration(memoryBytes: 1 << 40, cores: 1024).shardCount == 256)
  }

  @Test("many cores, little memory and small values leave room for the longest key in each shard")
  func longestKey() throws {
    for cores in [1, 2, 4, 64, 1024] {
      let store = try Store(
        StoreConfiguration(memoryBytes: 1 << 20, valueMaxBytes: 1 << 10, cores: cores))
      for index in 0..<32 {
        let key =
          String(repeating: "k", count: StoreConfiguration.keyMaxBytes - 2)
          + String(index + 10)
        guard case .stored = store.set(key, "v") else {
          Issue.record("key \(index) with \(cores) cores")
          return
        }
      }
    }
  }

  @Test("a limit out of its range is refused by name, value and range")
  func validation() {
    #expect(
      throws: StoreConfigurationError(
        description: "memoryBytes is 65535: set it between 65536 and 2199023255552")
    ) { try Store(StoreConfiguration(memoryBytes: 65_535)) }
    let bad: [StoreConfiguration] = [
      StoreConfiguration(inlineValueMaxBytes: 63),
      StoreConfiguration(inlineValueMaxBytes: 49_153),
      StoreConfiguration(valueMaxBytes: 0),
      StoreConfiguration(valueMaxBytes: 1 << 30 + 1),
      StoreConfiguration(tombstonesMax: -1),
      StoreConfiguration(tombstoneMemoryDivisor: 1),
      StoreConfiguration(cores: 0),
      StoreConfiguration(namespaces: [.init(name: "a"), .init(name: "a")]),
      StoreConfiguration(namespaces: (0..<8192).map { .init(name: "n\($0)") }),
    ]
    for configuration in bad {
      #expect(throws: StoreConfigurationError.self) { try Store(configuration) }
    }
  }

  @Test("8192 namespaces are each found by name, and names beside them are not")
  func namespaces() throws {
    let names = (0..<8191).map { "n\($0)" }
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 1 << 20, namespaces: names.map { NamespaceConfiguration(name: $0) }))
    for (index, name) in names.enumerated() {
      #expect(store.namespaces.id(named: name)?.rawValue == UInt16(index + 1))
    }
    #expect(store.namespaces.id(named: "") == .default)
    for name in ["n", "n8191", "N1", "n1 ", "\0"] {
      #expect(store.namespaces.id(named: name) == nil, "\(name)")
    }
    let last = NamespaceID(rawValue: 8191)
    store.set("k", [5], in: last)
    #expect(store.get("k", in: last)?.value == [5])
    #expect(store.get("k") == nil)
    #expect(store.statistics().namespaces[8191].entries == 1)
  }

  @Test("one shard holds no more than its handles can name")
  func largestShards() {
    #expect(StoreConfiguration(memoryBytes: 64 << 30, cores: 1).shardCount == 8)
    #expect(StoreConfiguration(memoryBytes: 1 << 41, cores: 1).shardCount == 256)
  }
}
