import Testing

@testable import CacheStore

/// A store that is filled with what another one hands out, in that order.
@Suite struct InOrderTests {
  @Test func `entries in the order of another store's index go no further than others`() throws {
    let configuration = StoreConfiguration(memoryBytes: 32 << 20, cores: 1)
    let source = try Store(configuration)
    for number in 0..<20_000 { source.set("key\(number)", [1]) }
    let target = try Store(configuration)
    var cursor: ScanCursor? = source.beginScan()
    while let position = cursor {
      var batch: [(key: [UInt8], hash: UInt64)] = []
      cursor = source.scan(.everything, from: position, now: at(0)) { item in
        batch.append((item.key.bytes.withUnsafeBytes { Array($0) }, item.key.hash))
      }
      for (key, hash) in batch { target.set(String(decoding: key, as: UTF8.self), [1], hash: hash) }
    }
    #expect(target.statistics().total.entries == 20_000)
    #expect(target.faults() == [])
    // What did not fit into its own bucket is counted by each bucket it has passed.
    let passed = target.shards.map { $0.withLock { state, _ in state.index.passedBuckets } }
    #expect(passed.reduce(0, +) < 20_000)
  }
}
