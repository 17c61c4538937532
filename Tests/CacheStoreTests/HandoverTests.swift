import Testing

@testable import CacheStore

/// What a node does with entries that go to another.
struct HandoverTests {
  /// A thousand arcs, of a fourth of the circle together.
  private let arcs = (0..<1000).map { number in
    let start = UInt64(number) * (UInt64.max / 1000)
    return HashArc(after: start, through: start + UInt64.max / 4000)
  }

  private func isInside(_ name: String) -> Bool {
    let hash = testHash(Array(name.utf8))
    return self.arcs.contains { $0.contains(hash) }
  }

  private func names(_ range: Range<Int>, _ prefix: String = "k") -> [String] {
    range.map { "\(prefix)\($0)" }
  }

  @Test("a scan of a thousand arcs sees what lies in them, and nothing else")
  func scanOfManyArcs() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20))
    for name in self.names(0..<5000) { store.set(name, "v") }
    var seen: [String] = []
    var cursor: ScanCursor? = store.beginScan()
    while let position = cursor {
      cursor = store.scan(ArcLookup(ArcSet(self.arcs)), from: position, now: at(0)) { item in
        seen.append(item.key.bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
      }
    }
    #expect(seen.sorted() == self.names(0..<5000).filter(self.isInside).sorted())
  }

  @Test("the usage of arcs counts their entries and bytes, without expired ones and tombstones")
  func usage() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20))
    let names = self.names(0..<3000)
    for name in names { store.set(name, [UInt8](repeating: 1, count: 100)) }
    for name in self.names(0..<500, "x") {
      store.set(name, "v", expiry: .after(milliseconds: 5))
    }
    for name in self.names(0..<500, "t") { store.bury(name, version: 5) }
    store.set("large", [UInt8](repeating: 1, count: 100_000))
    let before = store.statistics()
    let inside = names.filter(self.isInside)
    let bytes = inside.reduce(0) { $0 + $1.utf8.count + 100 }
    let large = self.isInside("large") ? (1, 100_005) : (0, 0)
    let expected = (inside.count + large.0, bytes + large.1)
    #expect(self.usage(of: ArcSet(self.arcs), in: store) == expected)
    #expect(self.usage(of: .everything, in: store).entries == 3001)
    #expect(self.usage(of: ArcSet([]), in: store) == (0, 0))
    #expect(store.statistics() == before)
  }

  private func usage(of arcs: ArcSet, in store: Store) -> (entries: Int, bytes: Int) {
    var usage = ArcUsage()
    var steps = 0
    while !usage.isComplete {
      usage = store.usage(of: arcs, after: usage, now: at(5))
      steps += 1
    }
    #expect(steps >= store.configuration.shardCount)
    return (usage.entries, usage.bytes)
  }

  @Test("a walk sees each entry once, as it is, but no tombstones and nothing expired")
  func walk() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20))
    let names = self.names(0..<3000)
    for name in names { store.set(name, [UInt8](repeating: 1, count: 100)) }
    for name in self.names(0..<500, "x") {
      store.set(name, "v", expiry: .after(milliseconds: 5))
    }
    for name in self.names(0..<500, "t") { store.bury(name, version: 5) }
    store.set("large", [UInt8](repeating: 1, count: 100_000))
    store.set("short-lived", "v", expiry: .after(milliseconds: 50))
    let before = store.statistics()
    var seen: [UInt64: EntryOutline] = [:]
    var (cursor, steps): (WalkCursor?, Int) = (WalkCursor(), 0)
    while let next = cursor {
      cursor = store.walk(from: next, now: at(5)) { entry in
        #expect(seen.updateValue(entry, forKey: entry.hash) == nil)
      }
      steps += 1
    }
    #expect(steps >= store.configuration.shardCount && seen.count == 3002)
    let large = try #require(seen[testHash(Array("large".utf8))])
    #expect((large.keyBytes, large.valueBytes) == (5, 100_000))
    let small = try #require(seen[testHash(Array("k1234".utf8))])
    #expect((small.keyBytes, small.valueBytes) == (5, 100) && small.namespace == .default)
    #expect(small.version > Version(rawValue: 0) && small.flags == 0 && small.expiry == .never)
    let shortLived = try #require(seen[testHash(Array("short-lived".utf8))])
    #expect(shortLived.expiry == .after(milliseconds: 45))
    #expect(store.statistics() == before)
  }

  @Test("a drop through a version spares what is newer, and leaves no tombstones")
  func dropThroughVersion() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 64 << 20))
    store.track(.everything)
    for index in 0..<1000 {
      store.copyIn("k\(index)", "v", version: UInt64(100 + index % 3))
      store.bury("t\(index)", version: UInt64(100 + index % 3))
    }
    let arcs = ArcSet(self.arcs)
    var cursor: DropCursor? = DropCursor()
    while let position = cursor {
      cursor = store.drop(arcs, through: Version(rawValue: 101), from: position)
    }
    var kept = 0
    for index in 0..<1000 {
      let goes = index % 3 < 2 && self.isInside("k\(index)")
      #expect((store.get("k\(index)") == nil) == goes)
      if index % 3 == 2 || !self.isInside("t\(index)") { kept += 1 }
    }
    #expect(store.statistics().tombstones == kept)
    #expect(store.floors(in: .everything).isEmpty)
    #expect(store.faults() == [])
  }

  @Test("the newest version of a key is that of an entry, not of a tombstone or an expired one")
  func newest() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    store.copyIn("k", "v", version: 7, expiry: .after(milliseconds: 5))
    store.bury("t", version: 8)
    let before = store.statistics()
    #expect(self.newest("k", in: store, at(4)) == Version(rawValue: 7))
    #expect(self.newest("k", in: store, at(5)) == nil)
    #expect(self.newest("t", in: store) == nil)
    #expect(self.newest("absent", in: store) == nil)
    #expect(store.statistics() == before, "neither a hit nor a miss, and nothing is removed")
    store.flush(.default, now: at(0))
    #expect(self.newest("k", in: store, at(4)) == nil)
  }

  private func newest(_ name: String, in store: Store, _ now: StoreTime = at(0)) -> Version? {
    let bytes = Array(name.utf8)
    return store.newest(StoreKey(bytes: bytes.span.bytes, hash: testHash(bytes)), now: now)
  }

  @Test("a copy is of the entry or of the tombstone, and no use of it")
  func copy() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, policy: .lru))
    store.copyIn("k", "value", version: 7, expiry: .after(milliseconds: 50))
    store.bury("t", version: 8)
    let before = store.statistics()
    #expect(self.copy(of: "k", in: store, at(20)) == "7 value after(milliseconds: 30)")
    #expect(self.copy(of: "t", in: store) == "8 tombstone")
    #expect(self.copy(of: "k", in: store, at(50)) == nil, "expired")
    #expect(self.copy(of: "absent", in: store) == nil)
    #expect(store.statistics() == before)
  }

  @Test("an entry that is only copied is evicted before one that is read")
  func copyDoesNotPromote() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 256 << 10, policy: .lru))
    store.set("copied", "v")
    store.set("read", "v")
    let value = [UInt8](repeating: 1, count: 1000)
    for index in 0..<1000 where store.get("read") != nil {
      if index > 500 { break }
      store.set("k\(index)", value)
      _ = self.copy(of: "copied", in: store)
      _ = self.newest("copied", in: store)
    }
    #expect(store.get("read") != nil)
    #expect(store.get("copied") == nil)
  }

  private func copy(
    of name: String, in store: Store, _ now: StoreTime = at(0)
  ) -> String? {
    let bytes = Array(name.utf8)
    var text: String?
    let key = StoreKey(bytes: bytes.span.bytes, hash: testHash(bytes))
    let isKnown = store.copy(of: key, now: now) { item in
      let value =
        switch item.content {
        case .entry(let entry):
          entry.value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } + " \(entry.expiry)"
        case .tombstone: "tombstone"
        }
      text = "\(item.version.rawValue) \(value)"
    }
    #expect(isKnown == (text != nil))
    return text
  }

  @Test("what is forgotten through a version leaves no trace, what is newer stays")
  func forget() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    store.track(.everything)
    store.copyIn("k", "v", version: 7)
    store.bury("t", version: 8)
    #expect(!self.forget("k", through: 6, in: store))
    #expect(store.get("k")?.text == "v")
    #expect(self.forget("k", through: 7, in: store))
    #expect(store.get("k") == nil)
    #expect(store.statistics().tombstones == 1)
    #expect(!self.forget("t", through: 7, in: store))
    #expect(self.forget("t", through: 8, in: store))
    #expect(store.statistics().tombstones == 0)
    #expect(!self.forget("absent", through: 100, in: store))
    #expect(store.copyIn("k", "again", version: 1) == .applied)
    #expect(store.faults() == [])
  }

  private func forget(_ name: String, through version: UInt64, in store: Store) -> Bool {
    let bytes = Array(name.utf8)
    return store.forget(
      StoreKey(bytes: bytes.span.bytes, hash: testHash(bytes)),
      through: Version(rawValue: version))
  }

  @Test("floors go over to another store, which then refuses what the first would refuse")
  func floors() throws {
    let one = try Store(StoreConfiguration(memoryBytes: 8 << 20, tombstonesMax: 0))
    one.bury("a", hash: 5, version: 100)
    one.bury("b", hash: 6 << 52, version: 200)
    one.bury("c", hash: .max, version: 300)
    let arcs = ArcSet([HashArc(after: 4, through: 5), HashArc(after: .max - 1, through: 3)])
    #expect(
      one.floors(in: arcs) == [
        Floor(cell: 0, version: Version(rawValue: 100)),
        Floor(cell: 4095, version: Version(rawValue: 300)),
      ])
    let other = try Store(StoreConfiguration(memoryBytes: 8 << 20, tombstonesMax: 0))
    other.bury("d", hash: .max - 5, version: 500)
    other.raiseFloors(one.floors(in: .everything))
    #expect(other.copyIn("a", "v", hash: 5, version: 100) == .belowFloor)
    #expect(other.copyIn("a", "v", hash: 5, version: 101) == .applied)
    #expect(other.copyIn("b", "v", hash: 6 << 52, version: 200) == .belowFloor)
    #expect(other.floor(in: HashArc(after: .max - 1, through: .max)).rawValue == 500)
    #expect(other.floor(in: HashArc(after: 1 << 52, through: 2 << 52)) == .none)
  }

  @Test("a write after floors have come from a clock ahead is above them")
  func floorsMoveTheClock() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    let ahead = Version(wallMilliseconds: at(60_000).wallMilliseconds)
    store.raiseFloors([Floor(cell: 0, version: ahead)])
    guard case .stored(let version) = store.set("k", "v") else {
      Issue.record("not stored")
      return
    }
    #expect(version > ahead)
  }

  @Test("what is tracked as one set may be untracked in parts")
  func untrackInParts() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20))
    let (lower, upper) = (
      HashArc(after: .max, through: 1 << 63 - 1), HashArc(after: 1 << 63 - 1, through: .max)
    )
    store.track(ArcSet([lower, upper]))
    for (name, hash) in [("a", 1), ("b", 1 << 63)] as [(String, UInt64)] {
      store.remove(name, hash: hash)
    }
    store.untrack(ArcSet([lower]))
    _ = store.sweep(bucketsMax: 10_000, now: at(0))
    #expect(store.statistics().tombstones == 1)
    store.untrack(ArcSet([upper]))
    _ = store.sweep(bucketsMax: 10_000, now: at(0))
    #expect(store.statistics().tombstones == 0)
  }
}
