/// A doubly linked list through the entries' links, with the sum of what its entries are charged.
/// An entry is in one list at a time.
struct EntryQueue {
  private(set) var first = EntryHandle.null
  private(set) var last = EntryHandle.null
  private(set) var count = 0
  /// Charged bytes.
  private(set) var bytes = 0

  var isEmpty: Bool { self.first.isNull }

  mutating func prepend(_ entry: EntryHandle, in memory: EntryMemory) {
    self.count += 1
    self.bytes += memory.chargedBytes(entry)
    self.link(entry, in: memory)
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    self.count -= 1
    self.bytes -= memory.chargedBytes(entry)
    self.unlink(entry, in: memory)
  }

  mutating func moveToFront(_ entry: EntryHandle, in memory: EntryMemory) {
    guard self.first != entry else { return }
    self.unlink(entry, in: memory)
    self.link(entry, in: memory)
  }

  /// The entry has been copied, links included, from one slot to another.
  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    let previous = memory.previous(new)
    let next = memory.next(new)
    if previous.isNull { self.first = new } else { memory.setNext(previous, new) }
    if next.isNull { self.last = new } else { memory.setPrevious(next, new) }
  }

  /// The charge of an entry in the list has changed.
  mutating func recharge(by bytes: Int) { self.bytes += bytes }

  /// The last entry that is not `spared`; null where there is none.
  func last(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    self.last == spared && !spared.isNull ? memory.previous(spared) : self.last
  }

  private mutating func link(_ entry: EntryHandle, in memory: EntryMemory) {
    memory.setPrevious(entry, .null)
    memory.setNext(entry, self.first)
    if self.first.isNull { self.last = entry } else { memory.setPrevious(self.first, entry) }
    self.first = entry
  }

  private mutating func unlink(_ entry: EntryHandle, in memory: EntryMemory) {
    let previous = memory.previous(entry)
    let next = memory.next(entry)
    if previous.isNull { self.first = next } else { memory.setNext(previous, next) }
    if next.isNull { self.last = previous } else { memory.setPrevious(next, previous) }
  }
}
