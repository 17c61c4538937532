import Testing

@testable import CacheStore

struct ExtentTests {
  private let value = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }

  @Test("an extent outlives the delete of its entry, and stays on the budget until it is let go")
  func pinnedAcrossDelete() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    store.set("k", self.value)
    let full = store.statistics().memoryUsedBytes
    var extent = store.extent("k")
    store.remove("k")
    #expect(extent?.bytes.withUnsafeBytes(Array.init) == self.value)
    #expect(store.statistics().pinnedBytes > 100_000)
    #expect(store.statistics().memoryUsedBytes > full - 200)
    extent = nil
    #expect(store.statistics().pinnedBytes == 0)
    #expect(store.statistics().memoryUsedBytes < 100_000, "nothing of the value is left")
  }

  @Test("an extent that nobody holds goes with its entry")
  func unpinned() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    store.set("k", self.value)
    store.set("k", self.value)
    #expect(store.statistics().pinnedBytes == 0)
    store.remove("k")
    #expect(store.statistics().memoryUsedBytes < 100_000, "nothing of the value is left")
  }

  @Test("an extent outlives eviction, overwriting, and the store itself")
  func pinnedAcrossAll() throws {
    var store: Store? = try Store(
      StoreConfiguration(memoryBytes: 512 << 10, valueMaxBytes: 128 << 10, policy: .lru))
    store?.set("evicted", self.value)
    let evicted = store?.extent("evicted")
    for index in 0..<20 { store?.set("k\(index)", [UInt8](repeating: 1, count: 50_000)) }
    #expect(store?.get("evicted") == nil)
    let overwritten = store?.extent("k19")
    store?.set("k19", "small")
    let kept = store?.extent("k18")
    #expect(store?.faults() == [])
    store = nil
    #expect(evicted?.bytes.withUnsafeBytes(Array.init) == self.value)
    #expect(overwritten?.bytes.withUnsafeBytes(Array.init) == Array(repeating: 1, count: 50_000))
    #expect(kept?.byteCount == 50_000)
  }

  @Test("while pinned extents fill the budget, writes are refused; afterwards they are not")
  func pinnedBudget() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 512 << 10, valueMaxBytes: 128 << 10))
    var pins: [Extent] = []
    for index in 0..<4 {
      store.set("k\(index)", self.value)
      if let extent = store.extent("k\(index)") { pins.append(extent) }
      store.remove("k\(index)")
    }
    #expect(pins.count == 4)
    #expect(store.set("k", self.value) == .noSpace)
    #expect(store.statistics().memoryUsedBytes <= 512 << 10)
    pins.removeLast()
    guard case .stored = store.set("k", self.value) else {
      Issue.record("one pin less makes room")
      return
    }
    #expect(store.faults() == [])
  }

  @Test("a held entry that is overwritten without room for both stays, and so do the others")
  func pinnedReplacement() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 256 << 10, valueMaxBytes: 200 << 10))
    let large = [UInt8](repeating: 1, count: 150 << 10)
    store.set("small", "v")
    store.set("k", large)
    let extent = store.extent("k")
    #expect(store.set("k", large) == .noSpace)
    #expect(store.get("k")?.value == large)
    #expect(extent?.byteCount == large.count)
    #expect(store.get("small")?.text == "v")
  }
}
