import Testing

@testable import CacheStore

struct TombstoneTests {
  let store: Store

  init() throws { self.store = try Store(StoreConfiguration(memoryBytes: 8 << 20)) }

  private var remembered: Int { self.store.statistics().tombstones }

  @Test("the newer version wins in either order, and the same copy twice changes nothing")
  func newerWins() {
    #expect(self.store.copyIn("k", "new", version: 20) == .applied)
    #expect(
      self.store.copyIn("k", "old", version: 10) == .superseded(current: Version(rawValue: 20)))
    #expect(self.store.copyIn("k", "new", version: 20) == .alreadyPresent)
    #expect(self.store.get("k")?.text == "new")
    #expect(self.store.get("k")?.version == Version(rawValue: 20))
    #expect(self.store.copyIn("k", "newest", version: 30) == .applied)
    #expect(self.store.get("k")?.text == "newest")
    #expect(self.store.faults() == [])
  }

  @Test("all orders of two copies and a tombstone end alike")
  func orders() {
    let steps: [(String, (Store, String) -> Void)] = [
      ("copy 10", { $0.copyIn($1, "ten", version: 10) }),
      ("tombstone 20", { $0.bury($1, version: 20) }),
      ("copy 30", { $0.copyIn($1, "thirty", version: 30) }),
    ]
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
    for order in orders {
      let name = order.map { steps[$0].0 }.joined(separator: ", ")
      for index in order { steps[index].1(self.store, name) }
      #expect(self.store.get(name)?.text == "thirty", "\(name)")
    }
    for order in [[0, 1], [1, 0], [0, 1, 0, 1]] {
      let name = "without 30: " + order.map { steps[$0].0 }.joined(separator: ", ")
      for index in order { steps[index].1(self.store, name) }
      #expect(self.store.get(name) == nil, "\(name)")
    }
    #expect(self.store.faults() == [])
  }

  @Test("of two expiries for one version the later is kept, in either order")
  func laterExpiry() {
    self.store.copyIn("k", "v", version: 5, expiry: .after(milliseconds: 10))
    self.store.copyIn("k", "v", version: 5, expiry: .after(milliseconds: 30))
    self.store.copyIn("k", "v", version: 5, expiry: .after(milliseconds: 20))
    #expect(self.store.get("k")?.expiry == .after(milliseconds: 30))
    self.store.copyIn("k", "v", version: 5, expiry: .never)
    #expect(self.store.get("k")?.expiry == .never)
  }

  @Test("a local write after a copy from the future has the larger version")
  func clockFollows() {
    let future = Version(wallMilliseconds: 1_800_000_000_000)
    self.store.copyIn("k", "copy", version: future.rawValue)
    guard case .stored(let version) = self.store.set("k", "local") else { return }
    #expect(version > future)
  }

  @Test("outside tracked arcs a local delete leaves nothing behind")
  func untrackedDelete() {
    self.store.set("k", "v")
    self.store.remove("k")
    #expect(self.remembered == 0)
  }

  @Test("in a tracked arc, deleted, expired and evicted entries keep older copies out")
  func trackedRemovals() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 256 << 10, tombstonesMax: 1000))
    store.track(.everything)
    store.copyIn("deleted", "v", version: 10)
    store.remove("deleted")
    store.copyIn("expired", "v", version: 10, expiry: .after(milliseconds: 5))
    #expect(store.get("expired", now: at(5)) == nil)
    store.copyIn("evicted", "v", version: 10)
    for index in 0..<300 { store.set("k\(index)", [UInt8](repeating: 1, count: 1000)) }
    #expect(store.get("evicted") == nil)
    for name in ["deleted", "expired", "evicted"] {
      let outcome = store.copyIn(name, "old", version: 9)
      guard case .superseded(let current) = outcome else {
        Issue.record("\(name): \(outcome)")
        continue
      }
      #expect(current >= Version(rawValue: 10))
      #expect(store.get(name) == nil)
    }
    #expect(store.copyIn("evicted", "v", version: 10) == .alreadyPresent, "evicted for good")
    #expect(store.copyIn("evicted", "newer", version: 11) == .applied)
    #expect(store.get("evicted")?.text == "newer")
    #expect(store.faults() == [])
  }

  @Test("in a tracked arc, the delete of an absent key keeps its copies out")
  func trackedAbsentDelete() {
    self.store.track(.everything)
    #expect(self.store.remove("k") == .absent)
    #expect(self.remembered == 1)
    guard case .superseded = self.store.copyIn("k", "old", version: 10) else {
      Issue.record("the copy is older than the delete")
      return
    }
    self.store.set("k", "new")
    #expect(self.remembered == 0, "a write takes the place of the tombstone")
    #expect(self.store.get("k")?.text == "new")
  }

  @Test("a tombstone is no entry: conditions, touch, increment and reads do not see it")
  func tombstoneIsAbsent() throws {
    self.store.bury("k", version: 10)
    #expect(self.store.get("k") == nil)
    #expect(self.store.retime("k", .never) == nil)
    #expect(self.store.remove("k") == .absent)
    #expect(self.store.set("k", "v", condition: .ifPresent) == .conditionFailed(current: .none))
    #expect(try self.store.add("k", 1).value == 1)
    #expect(self.store.statistics().total.entries == 1)
    #expect(self.remembered == 0)
  }

  @Test("the oldest tombstone is dropped for the one too many, and its cell's floor refuses copies")
  func tombstonesMaxReached() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, tombstonesMax: 3))
    // Hashes in four different cells of the floor table.
    let hashes = (0..<4).map { UInt64($0 + 1) << 52 }
    for (index, hash) in hashes.enumerated() {
      #expect(store.floor(in: .all) == .none)
      store.bury("k\(index)", hash: hash, version: UInt64(100 + index))
    }
    #expect(store.statistics().tombstones == 3)
    #expect(store.floor(in: .all) == Version(rawValue: 100))
    let cell = HashArc(after: hashes[0] - 1, through: hashes[0])
    #expect(store.floor(in: cell) == Version(rawValue: 100))
    #expect(store.floor(in: HashArc(after: hashes[0] + 1 << 52, through: 0)) == .none)

    #expect(store.copyIn("k0", "v", hash: hashes[0], version: 99) == .belowFloor)
    #expect(store.copyIn("k0", "v", hash: hashes[0], version: 100) == .belowFloor)
    #expect(store.bury("k0", hash: hashes[0], version: 100) == .belowFloor)
    #expect(store.get("k0", hash: hashes[0]) == nil)
    #expect(store.copyIn("k0", "v", hash: hashes[0], version: 101) == .applied)
    #expect(store.copyIn("innocent", "v", hash: hashes[0], version: 50) == .belowFloor)
    #expect(store.copyIn("k9", "v", hash: hashes[1] + 5, version: 50) == .applied)
  }

  @Test("a copy newer than the entry that is there is installed, whatever the floor of its cell")
  func floorAndPresentEntry() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, tombstonesMax: 0))
    store.copyIn("k", "one", hash: 7, version: 50)
    store.bury("other", hash: 8, version: 100)
    #expect(store.floor(in: .all) == Version(rawValue: 100))
    #expect(store.copyIn("k", "two", hash: 7, version: 60) == .applied)
    #expect(store.get("k", hash: 7)?.text == "two")
  }

  @Test("tombstones take at most their share of the memory")
  func tombstoneBytes() throws {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 1 << 20, tombstonesMax: 1 << 20, tombstoneMemoryDivisor: 4))
    for index in 0..<10_000 { store.bury("key number \(index)", version: UInt64(index + 1)) }
    let statistics = store.statistics()
    #expect(statistics.tombstoneBytes <= 256 << 10)
    #expect(statistics.tombstoneBytes > 255 << 10)
    #expect(store.floor(in: .all) > .none)
    #expect(store.faults() == [])
  }

  @Test("after untrack a sweep forgets the tombstones and the floors are gone")
  func untrack() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, tombstonesMax: 10))
    store.track(.everything)
    store.track(.everything)
    for index in 0..<20 { store.remove("k\(index)") }
    _ = store.sweep(bucketsMax: 10_000, now: at(0))
    #expect(store.statistics().tombstones == 10)
    store.untrack(.everything)
    _ = store.sweep(bucketsMax: 10_000, now: at(0))
    #expect(store.statistics().tombstones == 10, "tracked twice, untracked once")
    #expect(store.floor(in: .all) > .none)
    store.untrack(.everything)
    _ = store.sweep(bucketsMax: 10_000, now: at(0))
    #expect(store.statistics().tombstones == 0)
    #expect(store.floor(in: .all) == .none)
    #expect(store.copyIn("k0", "v", version: 1) == .applied)
    #expect(store.faults() == [])
  }

  @Test("untracking one arc spares the floors of another")
  func untrackOne() throws {
    let store = try Store(StoreConfiguration(memoryBytes: 8 << 20, tombstonesMax: 0))
    let lower = HashArc(after: .max, through: 1 << 63 - 1)
    let upper = HashArc(after: 1 << 63 - 1, through: .max)
    store.track(ArcSet([lower, upper]))
    store.bury("a", hash: 1, version: 10)
    store.bury("b", hash: 1 << 63, version: 20)
    store.untrack(ArcSet([lower]))
    #expect(store.floor(in: lower) == .none)
    #expect(store.floor(in: upper) == Version(rawValue: 20))
  }
}
