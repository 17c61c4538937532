import Testing

@testable import CacheStore

struct OperationTests {
  let store: Store

  init() throws { self.store = try Store(StoreConfiguration(memoryBytes: 64 << 20, cores: 2)) }

  @Test("an entry is readable one millisecond before its expiry and gone at it")
  func expiryAtTheMillisecond() {
    self.store.set("k", "v", expiry: .after(milliseconds: 500), now: at(1000))
    #expect(self.store.get("k", now: at(1000))?.expiry == .after(milliseconds: 500))
    #expect(self.store.get("k", now: at(1499))?.expiry == .after(milliseconds: 1))
    #expect(self.store.get("k", now: at(1500)) == nil)
    let statistics = self.store.statistics()
    #expect(statistics.total.expirations == 1)
    #expect(statistics.total.entries == 0)
    #expect(statistics.total.hits == 2)
    #expect(statistics.total.misses == 1)
  }

  @Test("an expiry past the end of the clock is never")
  func farExpiry() {
    self.store.set("k", "v", expiry: .after(milliseconds: .max), now: at(1000))
    let late = StoreTime(monotonicMilliseconds: .max - 1, wallMilliseconds: 0)
    #expect(self.store.get("k", now: late)?.expiry == .never)
  }

  @Test("an expired entry counts as absent for every condition and for delete")
  func expiredIsAbsent() {
    let expiry = Expiry.after(milliseconds: 10)
    self.store.set("k", "v", expiry: expiry, now: at(0))
    let refused = self.store.set("k", "w", condition: .ifPresent, now: at(10))
    #expect(refused == .conditionFailed(current: .none))
    self.store.set("k", "v", expiry: expiry, now: at(0))
    #expect(self.store.remove("k", now: at(10)) == .absent)
    self.store.set("k", "v", expiry: expiry, now: at(0))
    guard case .stored = self.store.set("k", "w", condition: .ifAbsent, now: at(10)) else {
      Issue.record("the entry has expired")
      return
    }
    #expect(self.store.get("k", now: at(10))?.text == "w")
  }

  @Test("ifVersion lets through exactly the present version, and a failed one reports it")
  func conditions() {
    guard case .stored(let first) = self.store.set("k", "1"),
      case .stored(let second) = self.store.set("k", "2", condition: .ifVersion(first))
    else {
      Issue.record("both conditions hold")
      return
    }
    #expect(second > first)
    let late = self.store.set("k", "3", condition: .ifVersion(first))
    #expect(late == .conditionFailed(current: second))
    #expect(self.store.set("k", "3", condition: .ifAbsent) == .conditionFailed(current: second))
    let none = self.store.set("other", "3", condition: .ifVersion(.none))
    #expect(none == .conditionFailed(current: .none))
    #expect(self.store.remove("k", ifVersion: first) == .versionMismatch(current: second))
    guard case .deleted(let third) = self.store.remove("k", ifVersion: second) else {
      Issue.record("the version matches")
      return
    }
    #expect(third > second)
    #expect(self.store.remove("k", ifVersion: second) == .absent)
    #expect(self.store.get("k") == nil)
  }

  @Test("touch changes the expiry and nothing else")
  func touch() {
    guard case .stored(let version) = self.store.set("k", [1], flags: 9) else { return }
    #expect(self.store.retime("k", .after(milliseconds: 5), now: at(10)) == version)
    let found = self.store.get("k", now: at(14))
    #expect(
      found
        == Found(
          value: [1], version: version, expiry: .after(milliseconds: 1), flags: 9))
    #expect(self.store.get("k", now: at(15)) == nil)
    #expect(self.store.retime("k", .never, now: at(15)) == nil)
  }

  @Test("keys with one hash, and one key in two namespaces, are different entries")
  func collisions() throws {
    let store = try Store(
      StoreConfiguration(
        memoryBytes: 8 << 20, namespaces: [NamespaceConfiguration(name: "sessions")]))
    let sessions = try #require(store.namespaces.id(named: "sessions"))
    for (index, text) in ["a", "b", "aa", "ab"].enumerated() {
      store.set(text, [UInt8(index)], hash: 42)
      store.set(text, [UInt8(index + 100)], in: sessions, hash: 42)
    }
    for (index, text) in ["a", "b", "aa", "ab"].enumerated() {
      #expect(store.get(text, hash: 42)?.value == [UInt8(index)])
      #expect(store.get(text, in: sessions, hash: 42)?.value == [UInt8(index + 100)])
    }
    store.remove("aa", hash: 42)
    #expect(store.get("aa", hash: 42) == nil)
    #expect(store.get("aa", in: sessions, hash: 42)?.value == [102])
    let statistics = store.statistics()
    #expect(statistics.namespaces.map(\.entries) == [3, 4])
    #expect(statistics.namespaces.map(\.writes) == [4, 4])
    #expect(statistics.namespaces.map(\.deletes) == [1, 0])
    #expect(store.faults() == [])
  }

  @Test("keys of one byte and of 64 KiB are stored")
  func keySizes() {
    let long = String(repeating: "k", count: StoreConfiguration.keyMaxBytes)
    self.store.set("k", "short")
    self.store.set(long, "long")
    #expect(self.store.get("k")?.text == "short")
    #expect(self.store.get(long)?.text == "long")
  }

  @Test("a sweep removes what has expired and leaves the rest, in bounded steps")
  func sweep() {
    for index in 0..<3000 {
      let expiry = index % 3 == 0 ? Expiry.after(milliseconds: 10) : .never
      self.store.set("k\(index)", "v", expiry: expiry, now: at(0))
    }
    var expired = 0
    for _ in 0..<1000 {
      let step = self.store.sweep(bucketsMax: 64, now: at(10))
      #expect(step.buckets == 64)
      expired += step.expired
    }
    #expect(expired == 1000)
    #expect(self.store.statistics().total.entries == 2000)
    #expect(self.store.statistics().total.expirations == 1000)
    #expect(self.store.faults() == [])
  }
}
