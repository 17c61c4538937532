/// `EvictionPolicy.lru2`: two lists, of entries that were used once and of entries used again.
///
/// The second has at most four fifths of the bytes; what it has too much falls back to the head of
/// the first.
struct LRU2Policy: ReplacementPolicy {
  private var once = EntryQueue()
  private var again = EntryQueue()

  private static let onceQueue: UInt8 = 0
  private static let againQueue: UInt8 = 1

  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory) {
    memory.updateState(entry) { $0.queue = Self.onceQueue }
    self.once.prepend(entry, in: memory)
  }

  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    if memory.state(entry).queue == Self.againQueue {
      self.again.moveToFront(entry, in: memory)
      return false
    }
    self.once.remove(entry, in: memory)
    memory.updateState(entry) { $0.queue = Self.againQueue }
    self.again.prepend(entry, in: memory)
    // One that came in takes about the place of one that falls back: constant work on average.
    while self.again.bytes / 4 > (self.again.bytes + self.once.bytes) / 5,
      self.again.last != entry
    {
      let demoted = self.again.last
      self.again.remove(demoted, in: memory)
      memory.updateState(demoted) { $0.queue = Self.onceQueue }
      self.once.prepend(demoted, in: memory)
    }
    return true
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    if memory.state(entry).queue == Self.againQueue {
      self.again.remove(entry, in: memory)
    } else {
      self.once.remove(entry, in: memory)
    }
  }

  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    var victim = self.once.last(sparing: spared, in: memory)
    if victim.isNull { victim = self.again.last(sparing: spared, in: memory) }
    if !victim.isNull { self.remove(victim, in: memory) }
    return victim
  }

  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    if memory.state(new).queue == Self.againQueue {
      self.again.relocate(old, to: new, in: memory)
    } else {
      self.once.relocate(old, to: new, in: memory)
    }
  }

  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory) {
    if memory.state(entry).queue == Self.againQueue {
      self.again.recharge(by: bytes)
    } else {
      self.once.recharge(by: bytes)
    }
  }

  func forEachQueue(_ body: (EntryQueue) -> Void) {
    body(self.once)
    body(self.again)
  }

  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    memory.state(entry).queue == Self.againQueue
  }
}
