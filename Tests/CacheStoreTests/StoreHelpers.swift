@testable import CacheStore

/// What a read found, copied out.
struct Found: Equatable {
  var value: [UInt8]
  var version: Version
  var expiry: Expiry
  var flags: UInt32

  var text: String { String(decoding: self.value, as: UTF8.self) }
}

/// A mixed hash of text, as good as XXH64 for these tests: FNV-1a, finished by splitmix64.
func testHash(_ bytes: [UInt8]) -> UInt64 {
  // Both functions are defined modulo 2^64.
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
  hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
  hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
  return hash ^ (hash >> 31)
}

/// Both clocks at the same reading, as far as expiry is concerned.
func at(_ milliseconds: UInt64) -> StoreTime {
  StoreTime(
    monotonicMilliseconds: milliseconds, wallMilliseconds: 1_700_000_000_000 + milliseconds)
}

/// A small deterministic generator: the same seed gives the same run.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    // Defined modulo 2^64.
    self.state &+= 0x9E37_79B9_7F4A_7C15
    var word = self.state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }
}

extension Store {
  func get(
    _ text: String, in namespace: NamespaceID = .default, hash: UInt64? = nil,
    now: StoreTime = at(0)
  ) -> Found? {
    let bytes = Array(text.utf8)
    let key = StoreKey(
      namespace: namespace, bytes: bytes.span.bytes, hash: hash ?? testHash(bytes))
    return self.read(key, now: now) { entry in
      Found(
        value: entry.value.withUnsafeBytes(Array.init), version: entry.version,
        expiry: entry.expiry, flags: entry.flags)
    }
  }

  func extent(_ text: String) -> Extent? {
    let bytes = Array(text.utf8)
    let key = StoreKey(bytes: bytes.span.bytes, hash: testHash(bytes))
    return self.read(key, now: at(0)) { $0.extent } ?? nil
  }

  @discardableResult
  func set(
    _ text: String, _ value: [UInt8], in namespace: NamespaceID = .default, hash: UInt64? = nil,
    flags: UInt32 = 0, condition: WriteCondition = .none, expiry: Expiry = .never,
    now: StoreTime = at(0)
  ) -> WriteOutcome {
    let bytes = Array(text.utf8)
    let key = StoreKey(
      namespace: namespace, bytes: bytes.span.bytes, hash: hash ?? testHash(bytes))
    return self.write(
      key, value: value.span.bytes, flags: flags, condition: condition, expiry: expiry, now: now)
  }

  @discardableResult
  func set(
    _ text: String, _ value: String, condition: WriteCondition = .none, expiry: Expiry = .never,
    now: StoreTime = at(0)
  ) -> WriteOutcome {
    self.set(text, Array(value.utf8), condition: condition, expiry: expiry, now: now)
  }

  @discardableResult
  func remove(
    _ text: String, hash: UInt64? = nil, ifVersion: Version? = nil, now: StoreTime = at(0)
  ) -> DeleteOutcome {
    let bytes = Array(text.utf8)
    let key = StoreKey(bytes: bytes.span.bytes, hash: hash ?? testHash(bytes))
    return self.delete(key, ifVersion: ifVersion, now: now)
  }

  func add(
    _ text: String, _ delta: Int64, initial: Int64 = 0, expiry: Expiry = .never,
    now: StoreTime = at(0)
  ) throws(IncrementError) -> Incremented {
    let bytes = Array(text.utf8)
    let key = StoreKey(bytes: bytes.span.bytes, hash: testHash(bytes))
    return try self.increment(key, by: delta, initial: initial, expiry: expiry, now: now)
  }

  func retime(_ text: String, _ expiry: Expiry, now: StoreTime = at(0)) -> Version? {
    let bytes = Array(text.utf8)
    return self.touch(
      StoreKey(bytes: bytes.span.bytes, hash: testHash(bytes)), expiry: expiry, now: now)
  }

  @discardableResult
  func copyIn(
    _ text: String, _ value: String, hash: UInt64? = nil, version: UInt64,
    expiry: Expiry = .never, now: StoreTime = at(0)
  ) -> ApplyOutcome {
    let bytes = Array(text.utf8)
    let key = StoreKey(bytes: bytes.span.bytes, hash: hash ?? testHash(bytes))
    return self.apply(
      key, value: Array(value.utf8).span.bytes, flags: 0, version: Version(rawValue: version),
      expiry: expiry, now: now)
  }

  @discardableResult
  func bury(_ text: String, hash: UInt64? = nil, version: UInt64) -> ApplyOutcome {
    let bytes = Array(text.utf8)
    let key = StoreKey(bytes: bytes.span.bytes, hash: hash ?? testHash(bytes))
    return self.applyTombstone(key, version: Version(rawValue: version))
  }

  /// What is wrong with the inside of the store, in words; empty when all agrees.
  func faults() -> [String] {
    self.shards.flatMap { shard in shard.withLock { state, _ in state.faults() } }
  }
}

extension Namespaces {
  func id(named name: String) -> NamespaceID? {
    let bytes = Array(name.utf8)
    return self.id(of: bytes.span.bytes)
  }
}

extension ShardState {
  /// Adds up by walking what the counters claim.
  func faults() -> [String] {
    var faults: [String] = []
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }

    var linked = 0
    var bytes = self.table.chargedBytes
    var cursor: UInt64 = 0
    repeat {
      self.table.forEach(at: cursor) { entry in
        linked += 1
        bytes += entry.chargedBytes
      }
      cursor = self.table.cursor(after: cursor)
    } while cursor != 0
    check(linked == self.table.count, "the table holds \(linked), counts \(self.table.count)")
    check(bytes == self.usedBytes, "entries and table take \(bytes), not \(self.usedBytes)")
    let used = self.usedBytes + self.context.pins.current
    check(used <= self.context.budgetBytes, "\(used) used of \(self.context.budgetBytes)")

    var sums = self.counters.map { _ in (entries: 0, bytes: 0) }
    var listed = 0
    self.walk(self.recency) { entry in
      listed += 1
      sums[Int(entry.header.shape.namespace.rawValue)].entries += 1
      sums[Int(entry.header.shape.namespace.rawValue)].bytes += entry.chargedBytes
      check(!entry.isTombstone, "a tombstone in the recency list")
      check(self.table.find(entry.key) == entry, "a listed entry is not in the table")
    }
    for (sum, counters) in zip(sums, self.counters) {
      check(sum == (counters.entries, counters.bytes), "\(sum) is not what \(counters) says")
    }
    var tombstones = 0
    var tombstoneBytes = 0
    self.walk(self.tombstones) { entry in
      tombstones += 1
      tombstoneBytes += entry.chargedBytes
      check(entry.isTombstone, "an entry in the list of tombstones")
    }
    check(tombstones == self.tombstoneCount, "\(tombstones), not \(self.tombstoneCount) tombstones")
    check(tombstoneBytes == self.tombstoneBytes, "tombstones take \(tombstoneBytes)")
    check(tombstones <= self.context.tombstonesMax, "too many tombstones")
    check(listed + tombstones == linked, "\(listed) + \(tombstones) listed, \(linked) linked")
    return faults
  }

  private func walk(_ list: EntryList, _ body: (EntryReference) -> Void) {
    var next = list.first
    while let entry = next {
      body(entry)
      next = entry.header.listNext
    }
  }
}
