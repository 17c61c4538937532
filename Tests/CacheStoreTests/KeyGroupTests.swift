import Testing

@testable import CacheStore

@Suite struct KeyGroupTests {
  /// Reads keys together; by their numbers, what was found.
  private func read(
    _ store: Store, _ names: [String], skipping skipped: Set<Int> = [], now: StoreTime = at(0),
    in namespace: NamespaceID = .default
  ) -> [Int: [UInt8]] {
    var message: [UInt8] = []
    var group = KeyGroup()
    for (index, name) in names.enumerated() {
      let bytes = Array(name.utf8)
      let place = message.count..<message.count + bytes.count
      message += bytes
      group.append(place, hash: skipped.contains(index) ? nil : testHash(bytes))
    }
    var found: [Int: [UInt8]] = [:]
    store.read(group, in: message.span.bytes, namespace, now: now) { index, entry in
      #expect(found[index] == nil)
      found[index] = entry.value.withUnsafeBytes { Array($0) }
    }
    return found
  }

  @Test(arguments: [1, 4, 64])
  func `what is there is found, under its number, whatever the shards`(cores: Int) throws {
    let store = try Store(
      StoreConfiguration(memoryBytes: 128 << 20, valueMaxBytes: 64 << 10, cores: cores))
    for number in 0..<1_000 {
      store.set("key\(number)", [UInt8](repeating: UInt8(number % 251), count: number * 30))
    }
    let names = (0..<KeyGroup.capacity).map { "key\($0 * 7)" }
    let found = self.read(store, names)
    for (index, name) in names.enumerated() {
      #expect(found[index] == store.get(name)?.value)
    }
    #expect(found.count == (0..<KeyGroup.capacity).count { $0 * 7 < 1_000 })
    #expect(store.faults() == [])
  }

  @Test func `hits, misses and uses count as those of single reads`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, policy: .lru, cores: 1))
    for number in 0..<10 { store.set("key\(number)", [1]) }
    _ = self.read(store, ["key0", "none", "key0", "key1"])
    #expect(store.statistics().total.hits == 3)
    #expect(store.statistics().total.misses == 1)
  }

  @Test func `keys that are skipped keep their numbers and are not looked for`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, cores: 1))
    for number in 0..<4 { store.set("key\(number)", [UInt8(number)]) }
    let found = self.read(store, (0..<4).map { "key\($0)" }, skipping: [1, 2])
    #expect(found == [0: [0], 3: [3]])
    #expect(store.statistics().total.misses == 0)
  }

  @Test func `entries that are over are misses, and go`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, cores: 1))
    for number in 0..<100 {
      let life: Expiry = number % 2 == 0 ? .never : .after(milliseconds: 5)
      store.set("key\(number)", [UInt8(number)], expiry: life)
    }
    let found = self.read(store, (0..<100).map { "key\($0)" }, now: at(10))
    #expect(found.count == 50 && found.keys.allSatisfy { $0 % 2 == 0 })
    #expect(store.statistics().total.entries == 50)
    #expect(store.faults() == [])
  }

  @Test func `no keys are no work`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 1 << 20, cores: 1))
    #expect(self.read(store, []).isEmpty)
  }
}
