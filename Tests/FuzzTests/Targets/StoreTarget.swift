@testable import CacheStore

extension FuzzTarget {
  /// The store, driven by operations, against a dictionary that does the same. Where the store may
  /// evict, a miss is right too; a wrong value never is.
  static let store = FuzzTarget(
    name: "store",
    seeds: [
      [0, 0, 1, 10, 1, 1, 2, 1, 1, 1], [1, 0, 1, 255, 0, 1, 200, 3, 1, 1, 1, 4, 50, 1, 1],
      Array(repeating: 0, count: 200), (0..<250).map { UInt8($0) },
    ]
  ) { input in
    do {
      var run = try StoreRun(input)
      run.all()
    } catch {
      fatalError("the store of the test does not start: \(error)")
    }
  }
}

private struct StoreRun {
  private struct Model {
    var value: [UInt8]
    var version: Version
    var deadline: UInt64
  }

  private let store: Store
  private let mayEvict: Bool
  private var reader: InputReader
  private var entries: [UInt8: Model] = [:]
  private var clock: UInt64 = 1000
  private var newest = Version.none

  init(_ input: [UInt8]) throws {
    self.reader = InputReader(input)
    self.mayEvict = self.reader.byte() & 1 != 0
    self.store = try Store(
      StoreConfiguration(
        memoryBytes: self.mayEvict ? 1 << 20 : 64 << 20, valueMaxBytes: 64 << 10, cores: 1))
  }

  mutating func all() {
    var steps = 0
    while !self.reader.isEmpty && steps < 500 {
      steps += 1
      self.step()
    }
    let statistics = self.store.statistics()
    precondition(statistics.memoryUsedBytes <= statistics.memoryLimitBytes, "over the budget")
  }

  private mutating func step() {
    let operation = self.reader.byte()
    let name = self.reader.byte() % 40
    self.clock += UInt64(operation >> 4)
    if let entry = self.entries[name], entry.deadline <= self.clock { self.entries[name] = nil }
    if self.mayEvict && self.read(name) == nil { self.entries[name] = nil }
    switch operation % 6 {
    case 0: self.set(name)
    case 1, 2:
      let found = self.read(name)
      precondition(found == self.entries[name]?.value, "key \(name) at \(self.clock)")
    case 3: self.delete(name)
    case 4: self.touch(name)
    default: _ = self.store.sweep(bucketsMax: Int(self.reader.byte()), now: self.now)
    }
  }

  private var now: StoreTime {
    StoreTime(
      monotonicMilliseconds: self.clock, wallMilliseconds: 1_700_000_000_000 + self.clock)
  }

  /// Half of the keys collide: their hashes differ in nothing that a table looks at first.
  private func withKey<Result>(_ name: UInt8, _ body: (borrowing StoreKey) -> Result) -> Result {
    let bytes: [UInt8] = [name]
    let hash = name % 2 == 0 ? UInt64(name) << 8 : UInt64(name) << 56 | 0xff
    return body(StoreKey(bytes: bytes.span.bytes, hash: hash))
  }

  private func read(_ name: UInt8) -> [UInt8]? {
    self.withKey(name) { key in
      self.store.read(key, now: self.now) { $0.value.withUnsafeBytes(Array.init) }
    }
  }

  private mutating func set(_ name: UInt8) {
    let size = [0, 1, 20, 300, 5000, 16 << 10, 40_000, 64 << 10][Int(self.reader.byte() % 8)]
    let value = [UInt8](repeating: self.reader.byte(), count: size)
    let choice = self.reader.byte()
    let present = self.entries[name]
    let condition: WriteCondition =
      switch choice % 5 {
      case 0: .ifAbsent
      case 1: .ifPresent
      case 2: .ifVersion(present?.version ?? self.newest)
      default: .none
      }
    let holds =
      switch condition {
      case .none: true
      case .ifAbsent: present == nil
      case .ifPresent: present != nil
      case .ifVersion(let version): present?.version == version
      }
    let ttl = UInt64(choice >> 3) * 7
    let outcome = self.withKey(name) { key in
      self.store.write(
        key, value: value.span.bytes, flags: 0, condition: condition,
        expiry: ttl == 0 ? .never : .after(milliseconds: ttl), now: self.now)
    }
    guard holds else {
      precondition(outcome == .conditionFailed(current: present?.version ?? .none))
      return
    }
    guard case .stored(let version) = outcome else {
      preconditionFailure("not stored: \(outcome)")
    }
    precondition(version > self.newest, "versions grow")
    self.newest = version
    self.entries[name] = Model(
      value: value, version: version, deadline: ttl == 0 ? .max : self.clock + ttl)
  }

  private mutating func delete(_ name: UInt8) {
    let outcome = self.withKey(name) { self.store.delete($0, ifVersion: nil, now: self.now) }
    if case .deleted(let version) = outcome {
      precondition(self.entries[name] != nil && version > self.newest)
      self.newest = version
      self.entries[name] = nil
    } else {
      precondition(outcome == .absent && self.entries[name] == nil)
    }
  }

  private mutating func touch(_ name: UInt8) {
    let ttl = UInt64(self.reader.byte()) + 1
    let version = self.withKey(name) {
      self.store.touch($0, expiry: .after(milliseconds: ttl), now: self.now)
    }
    precondition(version == self.entries[name]?.version)
    self.entries[name]?.deadline = self.clock + ttl
  }
}
