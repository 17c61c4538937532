import Testing

@testable import CacheStore

struct IndexBucketsTests {
  @Test func `memory that is given back is that of buckets without contents`() {
    let buckets = IndexBuckets(count: 5000)
    defer { buckets.free() }
    buckets.insert(EntryHandle(rawValue: 77), tag: 9, into: 5)
    buckets.addOverflow(2500)
    buckets.insert(EntryHandle(rawValue: 78), tag: 8, into: 1500)
    buckets.clear(1500, 0)
    #expect(buckets.releaseEmpty(0..<1000) == 0, "less than is given back at a time")
    #expect(buckets.releaseEmpty(0..<5000) == 4096)
    #expect(buckets.slot(of: EntryHandle(rawValue: 77), in: 5) == 0)
    #expect(buckets.tag(5, 0) == 9)
    #expect(buckets.overflow(2500) == 1)
    #expect(buckets.tag(1500, 0) == 0, "given back, and zero again")
    buckets.insert(EntryHandle(rawValue: 79), tag: 7, into: 1500)
    #expect(buckets.handle(1500, 0) == EntryHandle(rawValue: 79))
  }

  @Test func `entries are found whatever size a table of tens of thousands has`() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 16 << 20, cores: 1))
    #expect(store.configuration.shardCount == 1)
    var random = SplitMix64(state: 3)
    for index in 0..<60_000 {
      store.set("\(index)", "v")
      let other = Int.random(in: 0...index, using: &random)
      #expect(store.get("\(other)") != nil, "\(other) of \(index)")
    }
    #expect(store.statistics().total.entries == 60_000)
    #expect(store.faults() == [])
  }

  @Test(arguments: [(memoryBytes: 32 << 20, sizes: 8...10), (memoryBytes: 6 << 20, sizes: 11...14)])
  func `a table grows in large steps while memory is plenty, and then in small ones`(
    memoryBytes: Int, sizes: ClosedRange<Int>
  ) throws {
    let store = try Store(
      StoreConfiguration(memoryBytes: memoryBytes, cores: 1))
    #expect(store.configuration.shardCount == 1)
    for index in 0..<2_000 { store.set("\(index)", "v") }
    // Two tables are charged while one becomes the other, for some hundred insertions by now.
    var seen: Set<Int> = []
    for index in 2_000..<60_000 {
      store.set("\(index)", "v")
      if index.isMultiple(of: 20) { seen.insert(store.statistics().tableBytes) }
    }
    #expect(sizes.contains(seen.count / 2), "\(seen.count / 2) steps")
  }
}
