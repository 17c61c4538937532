/// `EvictionPolicy.s3FIFO`: a small queue for newcomers, a main queue, and a memory of those that
/// the small queue has turned out.
///
/// A newcomer that is used twice while it is in the small queue, a tenth of the bytes, goes on to the
/// main queue, and so does one that comes back soon after it was turned out. An entry that leaves the
/// main queue's end goes to its head again for each use since, up to three.
struct S3FIFOPolicy: ReplacementPolicy, ~Copyable {
  private var small = EntryQueue()
  private var main = EntryQueue()
  private var ghosts = GhostList()
  private var hasEvicted = false
  /// What came in before the first eviction is all in the main queue. The first tenth of it, this many
  /// bytes at the end, counts as the small queue's.
  private var firstBytes = 0

  private static let smallQueue: UInt8 = 0
  private static let mainQueue: UInt8 = 1
  /// The small queue's share of the bytes, as a divisor.
  private static let smallDivisor = 10
  /// Uses in the small queue that lead to the main queue.
  private static let promotionUses: UInt8 = 2

  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory) {
    let isMain = !self.hasEvicted || self.ghosts.remove(memory.hash(entry))
    memory.updateState(entry) { $0.queue = isMain ? Self.mainQueue : Self.smallQueue }
    if isMain {
      self.main.prepend(entry, in: memory)
    } else {
      self.small.prepend(entry, in: memory)
    }
  }

  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    let uses = memory.state(entry).uses
    // An entry that is read all the time is not written to any more.
    if uses < 3 { memory.updateState(entry) { $0.uses = uses + 1 } }
    return uses == 0
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    if memory.state(entry).queue == Self.mainQueue {
      self.main.remove(entry, in: memory)
    } else {
      self.small.remove(entry, in: memory)
    }
  }

  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    if !self.hasEvicted {
      self.hasEvicted = true
      self.firstBytes = self.main.bytes / Self.smallDivisor
    }
    self.ghosts.resize(forEntries: self.small.count + self.main.count)
    // The small queue gives way if it has its share, or the main one is empty.
    let smallGivesWay = self.main.isEmpty || self.smallIsFull(in: memory)
    while smallGivesWay {
      let entry = self.firstNewcomer(sparing: spared, in: memory)
      if entry.isNull { break }
      self.remove(entry, in: memory)
      guard memory.state(entry).uses >= Self.promotionUses else {
        self.ghosts.insert(memory.hash(entry))
        return entry
      }
      memory.updateState(entry) {
        $0.queue = Self.mainQueue
        $0.uses = 0
      }
      self.main.prepend(entry, in: memory)
    }
    return self.evictFromMain(sparing: spared, in: memory)
  }

  /// The next entry to leave the small queue; null where there is none but `spared`.
  private mutating func firstNewcomer(
    sparing spared: EntryHandle, in memory: EntryMemory
  ) -> EntryHandle {
    if self.firstBytes > 0 {
      let entry = self.main.last(sparing: spared, in: memory)
      let bytes = entry.isNull ? .max : memory.chargedBytes(entry)
      if bytes <= self.firstBytes {
        self.firstBytes -= bytes
        return entry
      }
      self.firstBytes = 0
    }
    return self.small.last(sparing: spared, in: memory)
  }

  private mutating func evictFromMain(
    sparing spared: EntryHandle, in memory: EntryMemory
  ) -> EntryHandle {
    // Each turn of an entry is paid for by a use of it.
    while true {
      let entry = self.main.last(sparing: spared, in: memory)
      if entry.isNull { break }
      let uses = memory.state(entry).uses
      guard uses > 0 else {
        self.main.remove(entry, in: memory)
        return entry
      }
      memory.updateState(entry) { $0.uses = uses - 1 }
      self.main.moveToFront(entry, in: memory)
    }
    let rest = self.small.last(sparing: spared, in: memory)
    if !rest.isNull { self.small.remove(rest, in: memory) }
    return rest
  }

  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    if memory.state(new).queue == Self.mainQueue {
      self.main.relocate(old, to: new, in: memory)
    } else {
      self.small.relocate(old, to: new, in: memory)
    }
  }

  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory) {
    if memory.state(entry).queue == Self.mainQueue {
      self.main.recharge(by: bytes)
    } else {
      self.small.recharge(by: bytes)
    }
  }

  func forEachQueue(_ body: (EntryQueue) -> Void) {
    body(self.small)
    body(self.main)
  }

  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    memory.state(entry).uses > 0
  }

  /// What the policy takes beside the entries.
  var chargedBytes: Int { self.ghosts.chargedBytes }

  /// Whether another entry, of the size of the next to leave, would be more than the small queue's share.
  private func smallIsFull(in memory: EntryMemory) -> Bool {
    let next = self.firstBytes > 0 ? self.main.last : self.small.last
    guard !next.isNull else { return false }
    let bytes = self.small.bytes + self.firstBytes + memory.chargedBytes(next)
    return bytes * Self.smallDivisor > self.small.bytes + self.main.bytes
  }
}
