/// `EvictionPolicy.lru`: one list, the most recently used entry first.
struct LRUPolicy: ReplacementPolicy {
  private var list = EntryQueue()

  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory) {
    self.list.prepend(entry, in: memory)
  }

  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    self.list.moveToFront(entry, in: memory)
    guard memory.state(entry).uses == 0 else { return false }
    memory.updateState(entry) { $0.uses = 1 }
    return true
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    self.list.remove(entry, in: memory)
  }

  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    let victim = self.list.last(sparing: spared, in: memory)
    if !victim.isNull { self.list.remove(victim, in: memory) }
    return victim
  }

  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    self.list.relocate(old, to: new, in: memory)
  }

  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory) {
    self.list.recharge(by: bytes)
  }

  func forEachQueue(_ body: (EntryQueue) -> Void) {
    body(self.list)
  }

  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    memory.state(entry).uses > 0
  }
}
