/// The policy of one pool of entries: one of each kind, of which one is used.
///
/// Not an existential, nor an enum with payloads: a call is one predictable branch and a direct call
/// on state that stays where it is. The unused ones are empty, a few hundred bytes in all.
struct Policy: ReplacementPolicy, ~Copyable {
  let kind: EvictionPolicy
  private var lru = LRUPolicy()
  private var lru2 = LRU2Policy()
  private var s3FIFO = S3FIFOPolicy()
  private var sieve = SievePolicy()
  private var tinyLFU = TinyLFUPolicy()

  init(_ kind: EvictionPolicy) { self.kind = kind }

  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory) {
    switch self.kind {
    case .lru: self.lru.insert(entry, in: memory)
    case .lru2: self.lru2.insert(entry, in: memory)
    case .s3FIFO: self.s3FIFO.insert(entry, in: memory)
    case .sieve: self.sieve.insert(entry, in: memory)
    case .wTinyLFU: self.tinyLFU.insert(entry, in: memory)
    }
  }

  @inline(__always)
  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    switch self.kind {
    case .lru: self.lru.hit(entry, in: memory)
    case .lru2: self.lru2.hit(entry, in: memory)
    case .s3FIFO: self.s3FIFO.hit(entry, in: memory)
    case .sieve: self.sieve.hit(entry, in: memory)
    case .wTinyLFU: self.tinyLFU.hit(entry, in: memory)
    }
  }

  mutating func promote(_ entry: EntryHandle, in memory: EntryMemory) {
    switch self.kind {
    case .lru: self.lru.promote(entry, in: memory)
    case .lru2: self.lru2.promote(entry, in: memory)
    case .s3FIFO: self.s3FIFO.promote(entry, in: memory)
    case .sieve: self.sieve.promote(entry, in: memory)
    case .wTinyLFU: self.tinyLFU.promote(entry, in: memory)
    }
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    switch self.kind {
    case .lru: self.lru.remove(entry, in: memory)
    case .lru2: self.lru2.remove(entry, in: memory)
    case .s3FIFO: self.s3FIFO.remove(entry, in: memory)
    case .sieve: self.sieve.remove(entry, in: memory)
    case .wTinyLFU: self.tinyLFU.remove(entry, in: memory)
    }
  }

  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    switch self.kind {
    case .lru: self.lru.evict(sparing: spared, in: memory)
    case .lru2: self.lru2.evict(sparing: spared, in: memory)
    case .s3FIFO: self.s3FIFO.evict(sparing: spared, in: memory)
    case .sieve: self.sieve.evict(sparing: spared, in: memory)
    case .wTinyLFU: self.tinyLFU.evict(sparing: spared, in: memory)
    }
  }

  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    switch self.kind {
    case .lru: self.lru.relocate(old, to: new, in: memory)
    case .lru2: self.lru2.relocate(old, to: new, in: memory)
    case .s3FIFO: self.s3FIFO.relocate(old, to: new, in: memory)
    case .sieve: self.sieve.relocate(old, to: new, in: memory)
    case .wTinyLFU: self.tinyLFU.relocate(old, to: new, in: memory)
    }
  }

  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory) {
    switch self.kind {
    case .lru: self.lru.recharge(entry, by: bytes, in: memory)
    case .lru2: self.lru2.recharge(entry, by: bytes, in: memory)
    case .s3FIFO: self.s3FIFO.recharge(entry, by: bytes, in: memory)
    case .sieve: self.sieve.recharge(entry, by: bytes, in: memory)
    case .wTinyLFU: self.tinyLFU.recharge(entry, by: bytes, in: memory)
    }
  }

  func forEachQueue(_ body: (EntryQueue) -> Void) {
    switch self.kind {
    case .lru: self.lru.forEachQueue(body)
    case .lru2: self.lru2.forEachQueue(body)
    case .s3FIFO: self.s3FIFO.forEachQueue(body)
    case .sieve: self.sieve.forEachQueue(body)
    case .wTinyLFU: self.tinyLFU.forEachQueue(body)
    }
  }

  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    switch self.kind {
    case .lru: self.lru.isValuable(entry, in: memory)
    case .lru2: self.lru2.isValuable(entry, in: memory)
    case .s3FIFO: self.s3FIFO.isValuable(entry, in: memory)
    case .sieve: self.sieve.isValuable(entry, in: memory)
    case .wTinyLFU: self.tinyLFU.isValuable(entry, in: memory)
    }
  }

  /// What the policy takes of the budget beside the entries.
  var chargedBytes: Int {
    switch self.kind {
    case .lru, .lru2, .sieve: 0
    case .s3FIFO: self.s3FIFO.chargedBytes
    case .wTinyLFU: self.tinyLFU.chargedBytes
    }
  }

  /// The most that the policy may come to take for that many entries; grows with their number.
  func reservedBytes(forEntries entries: Int) -> Int {
    switch self.kind {
    case .lru, .lru2, .sieve: 0
    case .s3FIFO: GhostList.bytesMax(forEntries: entries)
    case .wTinyLFU: FrequencySketch.bytesMax(forEntries: entries)
    }
  }
}
