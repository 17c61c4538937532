import Testing

@testable import CacheStore

@Suite struct FlushTests {
  private static let other = NamespaceID(rawValue: 1)

  private func make() throws -> Store {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 16 << 20, cores: 2, namespaces: [NamespaceConfiguration(name: "other")]))
    for number in 0..<5_000 {
      store.set("key\(number)", [1])
      store.set("key\(number)", [2], in: Self.other)
    }
    store.set("large", [UInt8](repeating: 1, count: 100_000))
    return store
  }

  @Test func `all that was there is a miss at once, and no other namespace is touched`() throws {
    let store = try self.make()
    store.flush(.default, now: at(1))
    #expect((0..<5_000).allSatisfy { store.get("key\($0)", now: at(1)) == nil })
    #expect(store.get("large", now: at(1)) == nil)
    #expect((0..<5_000).allSatisfy { store.get("key\($0)", in: Self.other)?.value == [2] })
    #expect(store.faults() == [])
  }

  @Test func `the memory comes back in steps`() throws {
    let store = try self.make()
    let before = store.statistics()
    store.flush(.default, now: at(1))
    #expect(store.statistics().namespaces[0].entries == 5_001)
    var steps = 0
    while store.reclaimFlushed(now: at(1)) { steps += 1 }
    #expect(steps > 5)
    let after = store.statistics()
    #expect(after.namespaces[0].entries == 0 && after.namespaces[0].bytes == 0)
    #expect(after.namespaces[0].deletes == before.namespaces[0].deletes + 5_001)
    #expect(after.namespaces[1].entries == 5_000)
    #expect(after.memoryUsedBytes < before.memoryUsedBytes)
    #expect(store.reclaimFlushed(now: at(1)) == false)
    #expect(store.faults() == [])
  }

  @Test func `the sweep of a timer takes it back too`() throws {
    let store = try self.make()
    store.flush(.default, now: at(1))
    var sweeps = 0
    while store.statistics().namespaces[0].entries > 0, sweeps < 10_000 {
      _ = store.sweep(bucketsMax: 100, now: at(1))
      sweeps += 1
    }
    #expect(store.statistics().namespaces[0].entries == 0)
    #expect(store.statistics().namespaces[1].entries == 5_000)
  }

  @Test func `what is written after it stays, whatever the wall clock says`() throws {
    let store = try self.make()
    let version = store.flush(.default, now: at(1_000_000))
    guard case .stored(let written) = store.set("key1", [9], now: at(0)) else {
      Issue.record("not stored")
      return
    }
    #expect(written > version)
    while store.reclaimFlushed(now: at(0)) {}
    #expect(store.get("key1")?.value == [9])
    #expect(store.statistics().namespaces[0].entries == 1)
  }

  @Test func `conditions, counters and touches see nothing of what was flushed`() throws {
    let store = try self.make()
    _ = try store.add("number", 5)
    store.flush(.default, now: at(0))
    #expect(store.retime("key1", .never) == nil)
    #expect(store.remove("key2") == .absent)
    #expect(
      store.set("key3", [1], condition: .ifPresent) == .conditionFailed(current: .none))
    guard case .stored = store.set("key3", [1], condition: .ifAbsent) else {
      Issue.record("there is nothing under the key")
      return
    }
    #expect(try store.add("number", 1).value == 1)
  }

  @Test func `a copy of what was flushed is not taken, and a newer one is`() throws {
    let store = try self.make()
    let old = try #require(store.get("key1")).version
    let version = store.flush(.default, now: at(0))
    #expect(store.flushedThrough(.default) == version)
    #expect(store.flushedThrough(Self.other) == .none)
    #expect(store.copyIn("key1", "old", version: old.rawValue) == .belowFloor)
    #expect(store.copyIn("elsewhere", "old", version: version.rawValue) == .belowFloor)
    while store.reclaimFlushed(now: at(0)) {}
    #expect(store.copyIn("key1", "old", version: old.rawValue) == .belowFloor)
    #expect(store.copyIn("key1", "new", version: version.rawValue + 1) == .applied)
    #expect(store.get("key1")?.text == "new")
    #expect(store.faults() == [])
  }

  @Test func `a scan does not hand out what was flushed`() throws {
    let store = try self.make()
    store.flush(.default, now: at(0))
    var handed: [NamespaceID: Int] = [:]
    var cursor: ScanCursor? = store.beginScan()
    while let position = cursor {
      cursor = store.scan(.everything, from: position, now: at(0)) { item in
        handed[item.key.namespace, default: 0] += 1
      }
    }
    #expect(handed[.default] == nil)
    #expect((handed[Self.other] ?? 0) >= 5_000)
  }

  @Test func `two flushes, writes between them`() throws {
    let store = try self.make()
    store.flush(.default, now: at(0))
    for number in 0..<5_000 { store.set("key\(number)", [3]) }
    _ = store.reclaimFlushed(now: at(0))
    store.flush(.default, now: at(0))
    for number in 0..<100 { store.set("key\(number)", [4]) }
    while store.reclaimFlushed(now: at(0)) {}
    #expect(store.statistics().namespaces[0].entries == 100)
    #expect((0..<100).allSatisfy { store.get("key\($0)")?.value == [4] })
    #expect(store.faults() == [])
  }

  @Test func `in a tracked arc a flushed entry leaves no tombstone, and needs none`() throws {
    let store = try self.make()
    store.track(.everything)
    let version = try #require(store.get("key1")).version
    store.flush(.default, now: at(0))
    while store.reclaimFlushed(now: at(0)) {}
    #expect(store.statistics().tombstones == 0)
    #expect(store.copyIn("key1", "old", version: version.rawValue) == .belowFloor)
  }
}
