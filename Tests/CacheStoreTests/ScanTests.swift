import Testing

@testable import CacheStore

struct ScanTests {
  /// Runs a scan to its end; returns the names in the order seen, with `between` after each step.
  private func scan(
    _ store: Store, _ arc: HashArc = .all, limits: ScanLimits = ScanLimits(),
    now: StoreTime = at(0), between: (Int) -> Void = { _ in }
  ) -> [String] {
    var seen: [String] = []
    var cursor: ScanCursor? = store.beginScan()
    var steps = 0
    while let position = cursor {
      cursor = store.scan(ArcLookup(ArcSet([arc])), from: position, limits: limits, now: now) {
        item in
        seen.append(item.key.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
      }
      steps += 1
      between(steps)
    }
    return seen
  }

  private func filled(_ count: Int, memoryBytes: Int = 256 << 20) throws -> Store {
    let store = try Store(StoreConfiguration(memoryBytes: memoryBytes, cores: 1))
    for index in 0..<count { store.set("k\(index)", "v") }
    return store
  }

  @Test("a scan of a store at rest sees each entry once")
  func atRest() throws {
    let store = try self.filled(5000)
    let seen = self.scan(store)
    #expect(seen.count == 5000)
    #expect(Set(seen).count == 5000)
  }

  @Test("entries that stay are seen while tables grow, entries are touched, replaced and deleted")
  func completeness() throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      var random = SplitMix64(state: seed)
      let store = try self.filled(2000)
      let limits = ScanLimits(entriesMax: 20, bytesMax: 10_000, bucketsMax: 100)
      var inserted = 0
      let seen = self.scan(store, limits: limits) { step in
        guard step < 300 else { return }
        for _ in 0..<30 {
          // k0 to k999 stay; they are read, touched and overwritten.
          _ = store.get("k\(Int.random(in: 0..<1000, using: &random))")
          store.set("k\(Int.random(in: 0..<1000, using: &random))", "w")
          _ = store.retime("k\(Int.random(in: 0..<1000, using: &random))", .never)
          store.remove("k\(Int.random(in: 1000..<2000, using: &random))")
        }
        for _ in 0..<100 {
          store.set("new\(inserted)", "v")
          inserted += 1
        }
      }
      #expect(inserted == 29_900, "the tables have grown several times")
      let names = Set(seen)
      for index in 0..<1000 { #expect(names.contains("k\(index)"), "seed \(seed)") }
      #expect(store.faults() == [])
    }
  }

  @Test("several scans at once are each complete")
  func severalAtOnce() throws {
    let store = try self.filled(1000)
    var scans = (0..<3).map { _ in (cursor: Optional(store.beginScan()), seen: Set<String>()) }
    var step = 0
    while scans.contains(where: { $0.cursor != nil }) {
      let index = step % 3
      step += 1
      guard let cursor = scans[index].cursor else { continue }
      var names: [String] = []
      let limits = ScanLimits(entriesMax: 10 * (index + 1), bucketsMax: 64)
      scans[index].cursor = store.scan(.everything, from: cursor, limits: limits, now: at(0)) {
        item in
        names.append(item.key.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
      }
      scans[index].seen.formUnion(names)
      _ = store.get("k\(step % 1000)")
    }
    for scan in scans { #expect(scan.seen.count == 1000) }
  }

  @Test("recently used entries come before the others")
  func hotFirst() throws {
    let store = try self.filled(20_000)
    let hot = Set((0..<1000).map { "k\($0 * 7)" })
    for name in hot { _ = store.get(name) }
    // Those that were used come first, and nothing else.
    let first = self.scan(store).prefix(1000)
    let late = hot.subtracting(first).count
    #expect(late == 0)
  }

  @Test("only the arc's entries are seen, and expired ones are not")
  func arcOnly() throws {
    let store = try self.filled(1000)
    store.set("expired", "v", expiry: .after(milliseconds: 5))
    let arc = HashArc(after: 1 << 62, through: 1 << 63)
    let expected = (0..<1000).map { "k\($0)" }.filter { arc.contains(testHash(Array($0.utf8))) }
    #expect(Set(self.scan(store, arc, now: at(5))) == Set(expected))
    #expect(!self.scan(store, now: at(5)).contains("expired"))
    #expect(self.scan(store, now: at(4)).contains("expired"))
  }

  @Test("an item says all that a copy needs, tombstones too")
  func items() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    store.set("entry", [1, 2], hash: 5, flags: 3, expiry: .after(milliseconds: 50), now: at(10))
    store.set("large", [UInt8](repeating: 9, count: 20_000), hash: 6)
    store.bury("gone", hash: 7, version: 77)
    var lines: Set<String> = []
    var cursor: ScanCursor? = store.beginScan()
    while let position = cursor {
      cursor = store.scan(.everything, from: position, now: at(20)) { item in
        let name = item.key.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        switch item.content {
        case .entry(let entry):
          let extent = entry.extent.map { "extent of \($0.byteCount)" } ?? "inline"
          lines.insert(
            "\(name) \(item.key.hash) \(entry.value.byteCount) \(entry.flags) \(entry.expiry) "
              + extent)
        case .tombstone:
          lines.insert("\(name) \(item.key.hash) tombstone \(item.version.rawValue)")
        }
      }
    }
    #expect(
      lines == [
        "entry 5 2 3 after(milliseconds: 40) inline", "large 6 20000 0 never extent of 20000",
        "gone 7 tombstone 77",
      ])
  }

  @Test("a step hands out no more than its limits, but for a bucket that is larger by itself")
  func limits() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20, cores: 1))
    for index in 0..<300 { store.set("k\(index)", [UInt8](repeating: 1, count: 100)) }
    // Forty entries in one bucket, for their hashes differ in the topmost bits only.
    for index in 0..<40 { store.set("same\(index)", [1], hash: UInt64(index) << 52) }
    var cursor: ScanCursor? = store.beginScan()
    var largest = 0
    var total = 0
    while let position = cursor {
      var count = 0
      var bytes = 0
      let limits = ScanLimits(entriesMax: 20, bytesMax: 2500, bucketsMax: 512)
      cursor = store.scan(.everything, from: position, limits: limits, now: at(0)) { item in
        count += 1
        bytes += item.key.bytes.byteCount
        if case .entry(let entry) = item.content { bytes += entry.value.byteCount }
      }
      #expect(count <= 20 && bytes <= 2500 || (40...60).contains(count))
      largest = max(largest, count)
      total += count
    }
    #expect(largest >= 40)
    #expect(total == 340)
  }

  @Test("a drop removes the arc's entries and tombstones, and nothing else, in bounded steps")
  func drop() throws {
    let store = try self.filled(20_000)
    for index in 0..<1000 { store.bury("t\(index)", version: 5) }
    let arc = HashArc(after: 1 << 63, through: 1 << 62)
    var cursor: DropCursor? = DropCursor()
    while let position = cursor {
      let before = store.statistics()
      cursor = store.drop(ArcSet([arc]), from: position)
      let after = store.statistics()
      let removed =
        before.total.entries + before.tombstones - after.total.entries - after.tombstones
      #expect(removed < ShardState.removalsPerLockMax + 20)
    }
    for index in 0..<20_000 {
      let isIn = arc.contains(testHash(Array("k\(index)".utf8)))
      #expect((store.get("k\(index)") == nil) == isIn)
    }
    let kept = (0..<1000).filter { !arc.contains(testHash(Array("t\($0)".utf8))) }.count
    #expect(store.statistics().tombstones == kept)
    #expect(store.floor(in: .all) == .none)
    #expect(store.faults() == [])
  }
}
