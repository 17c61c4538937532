/// `EvictionPolicy.sieve`: one queue in the order of insertion, and a hand that goes from the oldest
/// entry to the newest. It passes over what was used since it last came by, and takes the rest.
struct SievePolicy: ReplacementPolicy {
  private var queue = EntryQueue()
  /// Where the hand goes on; null: at the oldest entry.
  private var hand = EntryHandle.null

  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory) {
    self.queue.prepend(entry, in: memory)
  }

  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    guard memory.state(entry).uses == 0 else { return false }
    memory.updateState(entry) { $0.uses = 1 }
    return true
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    if self.hand == entry { self.hand = memory.previous(entry) }
    self.queue.remove(entry, in: memory)
  }

  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    // Each entry that is passed over was used since the last time: the steps are paid by the hits.
    // Twice around finds a victim, unless there is none but the spared one.
    guard self.queue.count > (spared.isNull ? 0 : 1) else {
      let only = self.queue.last
      guard !only.isNull, only != spared else { return .null }
      self.remove(only, in: memory)
      return only
    }
    while true {
      let entry = self.hand.isNull ? self.queue.last : self.hand
      self.hand = memory.previous(entry)
      if entry == spared { continue }
      guard memory.state(entry).uses > 0 else {
        self.queue.remove(entry, in: memory)
        return entry
      }
      memory.updateState(entry) { $0.uses = 0 }
    }
  }

  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    if self.hand == old { self.hand = new }
    self.queue.relocate(old, to: new, in: memory)
  }

  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory) {
    self.queue.recharge(by: bytes)
  }

  func forEachQueue(_ body: (EntryQueue) -> Void) {
    body(self.queue)
  }

  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    memory.state(entry).uses > 0
  }
}
