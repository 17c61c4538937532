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

extension ArcSet {
  static let everything = ArcSet([.all])
}

extension ArcLookup {
  static let everything = ArcLookup(.everything)
}

extension Namespaces {
  func id(named name: String) -> NamespaceID? {
    let bytes = Array(name.utf8)
    return self.id(of: bytes.span.bytes)
  }
}

extension ShardState {
  /// Adds up by walking what the counters claim.
  borrowing func faults() -> [String] {
    var faults = self.slab.faults()
    func check(_ holds: Bool, _ fault: String) { if !holds { faults.append(fault) } }

    let memory = self.slab.memory
    var linked = 0
    var live = 0
    var tombstones = 0
    var tombstoneBytes = 0
    var extentBytes = 0
    var sums = self.counters.indices.map { _ in (entries: 0, bytes: 0) }
    var cursor: UInt64 = 0
    repeat {
      self.index.forEach(at: cursor, in: memory) { entry, hash in
        linked += 1
        extentBytes += memory.extentBytes(entry)
        let key = memory.key(entry, hash: hash)
        if self.index.find(key, in: memory) != entry { faults.append("an entry is not found") }
        let page = self.slab.page(of: entry)
        let sizeClass = memory.classes.sizeClass(of: memory.slotBytesNeeded(entry))
        if Int(self.slab.pages[page].sizeClass) != sizeClass {
          faults.append("an entry in a slot of another class")
        }
        if memory.deadline(entry) < self.slab.pages[page].earliestDeadline {
          faults.append("a page does not know an entry's deadline")
        }
        if memory.form(entry).isTombstone {
          tombstones += 1
          tombstoneBytes += memory.chargedBytes(entry)
        } else {
          live += 1
          sums[Int(memory.namespace(entry).rawValue)].entries += 1
          sums[Int(memory.namespace(entry).rawValue)].bytes += memory.chargedBytes(entry)
        }
      }
      cursor = self.index.cursor(after: cursor)
    } while cursor != 0
    var slots = 0
    for page in 1..<self.slab.pageEnd where self.slab.pages[page].sizeClass != SlotPage.noClass {
      slots += Int(self.slab.pages[page].used)
      let waits = self.slab.pages[page].wheelSlot != PageWheel.noSlot
      check(
        waits == (self.slab.pages[page].earliestDeadline != .max), "a page that waits wrongly")
    }
    let (count, used) = (self.index.count, self.usedBytes + self.context.pins.current)
    check(linked == count, "the index holds \(linked), counts \(count)")
    check(slots == linked, "\(slots) slots in use for \(linked) entries")
    check(extentBytes == self.extentBytes, "extents take \(extentBytes), not \(self.extentBytes)")
    check(used <= self.context.budgetBytes, "\(used) used of \(self.context.budgetBytes)")
    for (sum, counters) in zip(sums, self.counters.indices.map { self.counters[$0] }) {
      check(sum == (counters.entries, counters.bytes), "\(sum) is not what \(counters) says")
    }
    var pooled = 0
    var policyBytes = 0
    for pool in 0..<self.pools.count {
      pooled += self.pools[pool].count
      policyBytes += self.pools[pool].policyBytes
      let (bytes, listed) = (self.pools[pool].bytes, self.pools[pool].policy.listed(in: memory))
      check(listed == (self.pools[pool].count, bytes), "pool \(pool) lists \(listed)")
    }
    check(pooled == live, "\(pooled) entries in pools, \(live) in the index")
    check(policyBytes == self.policyBytes, "policies take \(policyBytes)")
    check(
      (tombstones, tombstoneBytes) == (self.tombstones.count, self.tombstones.bytes),
      "\(tombstones) tombstones of \(tombstoneBytes) bytes")
    check(self.tombstones.walked(in: memory) == self.tombstones.count, "a broken list")
    check(tombstones <= self.context.tombstonesMax, "too many tombstones")
    check(self.spared.isNull, "an operation has ended, and spares an entry")
    return faults
  }
}

extension EntryQueue {
  /// Entries that a walk in each direction comes to; -1 where the two differ.
  func walked(in memory: EntryMemory) -> Int {
    var (forth, back) = (0, 0)
    var entry = self.first
    while !entry.isNull {
      forth += 1
      entry = memory.next(entry)
    }
    entry = self.last
    while !entry.isNull {
      back += 1
      entry = memory.previous(entry)
    }
    return forth == back ? forth : -1
  }
}

extension Policy {
  /// What the lists hold, each walked.
  borrowing func listed(in memory: EntryMemory) -> (Int, Int) {
    var (count, bytes) = (0, 0)
    self.forEachQueue { queue in
      if queue.walked(in: memory) != queue.count { count = .min / 2 }
      count += queue.count
      bytes += queue.bytes
    }
    return (count, bytes)
  }
}
