/// `EvictionPolicy.wTinyLFU`: newcomers live in a window; where they leave it, each is measured
/// against the entry that would have to go for it, and the one asked for more often lately stays.
///
/// Behind the window lies a segmented LRU of entries on probation and protected ones. The window's
/// share is found by `WindowClimber`.
struct TinyLFUPolicy: ReplacementPolicy, ~Copyable {
  private var window = EntryQueue()
  private var probation = EntryQueue()
  private var protected = EntryQueue()
  private var sketch = FrequencySketch()
  private var climber = WindowClimber()
  /// Lets one newcomer in 128 in that is as frequent as what it replaces, so that no key that was
  /// made to look frequent by collisions stays for ever.
  private var chance: UInt32 = 1

  private static let windowQueue: UInt8 = 0
  private static let probationQueue: UInt8 = 1
  private static let protectedQueue: UInt8 = 2
  /// Entries that change queues with one operation, where a queue has become larger or smaller.
  private static let demotionsMax = 16
  /// Frequency from which a newcomer that lost may still get its chance.
  private static let chanceFrequencyMin = 6

  private var bytes: Int { self.window.bytes + self.probation.bytes + self.protected.bytes }
  private var count: Int { self.window.count + self.probation.count + self.protected.count }

  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory) {
    self.sketch.resize(forEntries: self.count + 1)
    self.sketch.increment(memory.hash(entry))
    self.climber.miss(entries: self.count + 1)
    memory.updateState(entry) { $0.queue = Self.windowQueue }
    self.window.prepend(entry, in: memory)
    for _ in 0..<Self.demotionsMax {
      guard self.window.count > 1, self.window.bytes > self.windowBytesMax else { break }
      self.move(self.window.last, to: Self.probationQueue, in: memory)
    }
  }

  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    self.sketch.increment(memory.hash(entry))
    self.climber.hit()
    switch memory.state(entry).queue {
    case Self.windowQueue:
      self.window.moveToFront(entry, in: memory)
      return false
    case Self.protectedQueue:
      self.protected.moveToFront(entry, in: memory)
      return false
    default:
      self.protect(entry, in: memory)
      return true
    }
  }

  mutating func promote(_ entry: EntryHandle, in memory: EntryMemory) {
    self.sketch.increment(memory.hash(entry))
    self.protect(entry, in: memory)
  }

  private mutating func protect(_ entry: EntryHandle, in memory: EntryMemory) {
    self.move(entry, to: Self.protectedQueue, in: memory)
    let main = self.protected.bytes + self.probation.bytes
    for _ in 0..<Self.demotionsMax where self.protected.last != entry {
      guard self.protected.bytes / 4 > main / 5 else { break }
      self.move(self.protected.last, to: Self.probationQueue, in: memory)
    }
  }

  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) {
    self.withQueue(memory.state(entry).queue) { $0.remove(entry, in: memory) }
  }

  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    self.growWindow(sparing: spared, in: memory)
    let victim = self.mainVictim(sparing: spared, in: memory)
    let candidate = self.window.last(sparing: spared, in: memory)
    if victim.isNull || candidate.isNull {
      let loser = victim.isNull ? candidate : victim
      if !loser.isNull { self.remove(loser, in: memory) }
      return loser
    }
    if self.admits(candidate, over: victim, in: memory) {
      self.remove(victim, in: memory)
      self.move(candidate, to: Self.probationQueue, in: memory)
      return victim
    }
    self.remove(candidate, in: memory)
    return candidate
  }

  /// A window that is larger than before takes over what would go first: it is not lost by that, but
  /// measured again when it leaves.
  private mutating func growWindow(sparing spared: EntryHandle, in memory: EntryMemory) {
    let bytesMax = self.windowBytesMax
    for _ in 0..<Self.demotionsMax {
      let entry = self.mainVictim(sparing: spared, in: memory)
      guard !entry.isNull, self.window.bytes + memory.chargedBytes(entry) <= bytesMax else {
        return
      }
      self.move(entry, to: Self.windowQueue, in: memory)
    }
  }

  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory) {
    self.withQueue(memory.state(new).queue) { $0.relocate(old, to: new, in: memory) }
  }

  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory) {
    self.withQueue(memory.state(entry).queue) { $0.recharge(by: bytes) }
  }

  func forEachQueue(_ body: (EntryQueue) -> Void) {
    body(self.window)
    body(self.probation)
    body(self.protected)
  }

  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool {
    memory.state(entry).queue == Self.protectedQueue
  }

  /// What the policy takes beside the entries.
  var chargedBytes: Int { self.sketch.chargedBytes }

  private var windowBytesMax: Int { Int(Double(self.bytes) * self.climber.share) }

  private func mainVictim(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle {
    let victim = self.probation.last(sparing: spared, in: memory)
    return victim.isNull ? self.protected.last(sparing: spared, in: memory) : victim
  }

  private mutating func admits(
    _ candidate: EntryHandle, over victim: EntryHandle, in memory: EntryMemory
  ) -> Bool {
    let frequency = self.sketch.frequency(of: memory.hash(candidate))
    if frequency > self.sketch.frequency(of: memory.hash(victim)) { return true }
    guard frequency >= Self.chanceFrequencyMin else { return false }
    // xorshift32 of Marsaglia (2003): good enough for one in 128.
    self.chance ^= self.chance << 13
    self.chance ^= self.chance >> 17
    self.chance ^= self.chance << 5
    return self.chance & 127 == 0
  }

  private mutating func move(_ entry: EntryHandle, to queue: UInt8, in memory: EntryMemory) {
    self.remove(entry, in: memory)
    memory.updateState(entry) { $0.queue = queue }
    self.withQueue(queue) { $0.prepend(entry, in: memory) }
  }

  private mutating func withQueue(_ queue: UInt8, _ body: (inout EntryQueue) -> Void) {
    switch queue {
    case Self.windowQueue: body(&self.window)
    case Self.probationQueue: body(&self.probation)
    default: body(&self.protected)
    }
  }
}
