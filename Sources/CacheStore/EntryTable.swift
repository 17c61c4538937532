/// A chaining hash table of entries that grows in small steps.
///
/// While it grows there are two bucket arrays. A bucket of the old array with an index below
/// `movedBuckets` lives on in the new one, as two; every other is still in the old. So each hash
/// has exactly one bucket at any time, and a look-up walks one chain.
///
/// A walk over the table counts through the old array's buckets with the index bits reversed
/// (Pieter Noordhuis' cursor, as in Redis SCAN): when the table doubles between two steps, the
/// buckets already visited are exactly the ones whose two halves count as visited.
struct EntryTable: ~Copyable {
  private var buckets: Buckets
  /// The array that is being emptied.
  private var old: Buckets?
  private var movedBuckets = 0
  /// The hash bits below these choose the shard.
  private let shift: UInt64
  private(set) var count = 0
  /// Of both arrays.
  private(set) var chargedBytes: Int

  init(shift: Int) {
    guard let buckets = Buckets(count: Buckets.countMin) else {
      fatalError("the system refused a page of memory for a hash table")
    }
    self.buckets = buckets
    self.shift = UInt64(shift)
    self.chargedBytes = buckets.chargedBytes
  }

  /// Frees the bucket arrays; the entries are the owner's to free.
  deinit {
    self.buckets.free()
    self.old?.free()
  }

  func find(_ key: borrowing StoreKey) -> EntryReference? {
    var candidate = self.array(of: key.hash)[self.index(key.hash)]
    while let entry = candidate {
      if entry.matches(key) { return entry }
      candidate = entry.header.chainNext
    }
    return nil
  }

  /// The caller has seen that the key is not there.
  mutating func insert(_ entry: EntryReference) {
    let hash = entry.header.hash
    let array = self.array(of: hash)
    let index = self.index(hash)
    entry.header.chainNext = array[index]
    array[index] = entry
    self.count += 1
  }

  mutating func remove(_ entry: EntryReference) {
    let hash = entry.header.hash
    let array = self.array(of: hash)
    let index = self.index(hash)
    let next = entry.header.chainNext
    self.count -= 1
    guard var current = array[index] else { preconditionFailure("the entry is not linked") }
    if current == entry {
      array[index] = next
      return
    }
    while let following = current.header.chainNext {
      if following == entry {
        current.header.chainNext = next
        return
      }
      current = following
    }
    preconditionFailure("the entry is not linked")
  }

  // MARK: Growth

  var isGrowing: Bool { self.old != nil }

  /// More than one entry for each bucket.
  var wantsToGrow: Bool { self.old == nil && self.count > self.buckets.count }

  /// What the next larger array will take.
  var growthBytes: Int { Buckets.chargedBytes(count: self.buckets.count * 2) }

  /// Starts to grow. Where the system has no memory to give, the table goes on with longer chains.
  mutating func beginGrowth() {
    precondition(self.old == nil, "the table is growing already")
    guard let larger = Buckets(count: self.buckets.count * 2) else { return }
    self.old = self.buckets
    self.buckets = larger
    self.movedBuckets = 0
    self.chargedBytes += larger.chargedBytes
  }

  /// Moves up to `count` buckets; returns the old array once it is empty.
  mutating func move(buckets count: Int) -> Buckets? {
    guard let old = self.old else { return nil }
    let end = min(self.movedBuckets + count, old.count)
    for index in self.movedBuckets..<end {
      var next = old[index]
      while let entry = next {
        next = entry.header.chainNext
        let target = self.index(entry.header.hash)
        entry.header.chainNext = self.buckets[target]
        self.buckets[target] = entry
      }
    }
    self.movedBuckets = end
    guard end == old.count else { return nil }
    self.old = nil
    self.chargedBytes -= old.chargedBytes
    return old
  }

  // MARK: Walking

  /// The first entry of the bucket at `cursor` that fulfils `condition`. To remove all such, ask
  /// again after each removal: what a removal does to the rest of the chain is then no matter.
  func first(at cursor: UInt64, where condition: (EntryReference) -> Bool) -> EntryReference? {
    let (first, second) = self.chains(at: cursor)
    return Self.first(in: first, where: condition) ?? Self.first(in: second, where: condition)
  }

  /// Calls `body`, which changes nothing, with each entry of the bucket at `cursor`.
  func forEach(at cursor: UInt64, _ body: (EntryReference) -> Void) {
    _ = self.first(at: cursor) { entry in
      body(entry)
      return false
    }
  }

  /// The bucket after `cursor`; 0 when all have been visited.
  func cursor(after cursor: UInt64) -> UInt64 {
    let mask = UInt64(self.old?.mask ?? self.buckets.mask)
    // The carry of the addition runs from the highest index bit down; past the lowest it leaves 0,
    // by wrapping from a word of ones.
    let reversed = Self.reversedBits(cursor | ~mask) &+ 1
    return Self.reversedBits(reversed)
  }

  /// Two where the bucket has moved to the new array.
  private func chains(at cursor: UInt64) -> (EntryReference?, EntryReference?) {
    let index = Int(truncatingIfNeeded: cursor)
    guard let old = self.old else { return (self.buckets[index], nil) }
    let position = index & old.mask
    guard position < self.movedBuckets else { return (old[position], nil) }
    return (self.buckets[position], self.buckets[position + old.count])
  }

  private static func first(
    in chain: EntryReference?, where condition: (EntryReference) -> Bool
  ) -> EntryReference? {
    var next = chain
    while let entry = next {
      if condition(entry) { return entry }
      next = entry.header.chainNext
    }
    return nil
  }

  private static func reversedBits(_ word: UInt64) -> UInt64 {
    var bits = word.byteSwapped
    bits = (bits >> 4) & 0x0F0F_0F0F_0F0F_0F0F | (bits & 0x0F0F_0F0F_0F0F_0F0F) << 4
    bits = (bits >> 2) & 0x3333_3333_3333_3333 | (bits & 0x3333_3333_3333_3333) << 2
    return (bits >> 1) & 0x5555_5555_5555_5555 | (bits & 0x5555_5555_5555_5555) << 1
  }

  private func array(of hash: UInt64) -> Buckets {
    guard let old = self.old, self.index(hash) & old.mask >= self.movedBuckets else {
      return self.buckets
    }
    return old
  }

  /// To be masked by the array that it is used with.
  private func index(_ hash: UInt64) -> Int {
    // The masked shift equals a plain one: the shard takes 8 bits of the hash at most.
    Int(truncatingIfNeeded: hash &>> self.shift)
  }
}
