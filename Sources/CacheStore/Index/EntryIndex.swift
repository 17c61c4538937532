/// Finds entries by their hashes: an open-addressed table of buckets of one cache line.
///
/// A bucket holds twelve handles and a byte of each one's hash, so that a look touches the bucket, the
/// entry, and hardly ever another (after Bronson and Shi, "Open-sourcing F14", 2019). What does not fit
/// goes on to the next bucket, and every bucket passed counts it: a look goes on only where something
/// did.
///
/// The bucket of a hash is its place in an order of hashes (without the bits that choose shard and
/// ring), scaled to the number of buckets. Each table has an order of its own, by a random factor:
/// what one hands out in its order, as snapshots and copies for other nodes do, would otherwise
/// fill the buckets of another one after the other, each far over its brim. So the table can have
/// any size, grows by an eighth, or by a half while memory is plenty, and shrinks; all of this a
/// few buckets at a time, from the low end to the high. And a walk over the table is a position in
/// that order, which stays right whatever the table's size becomes meanwhile.
///
/// Entries do not hold the lowest byte of their hash. The tag has it, mixed with the next byte; for the
/// low bits of a shard's entries are all the same, and a tag is to tell them apart.
struct EntryIndex: ~Copyable {
  private var buckets: IndexBuckets
  /// The table that is being emptied.
  private var old: IndexBuckets?
  /// Home buckets of the old table below this have moved.
  private var movedBuckets = 0
  /// Those below this have given back their memory as well.
  private var releasedBuckets = 0
  private(set) var count = 0
  /// This table's own order of hashes.
  private let spread = UInt64.random(in: 0...UInt64.max) | 1
  /// Of both tables.
  private(set) var chargedBytes: Int

  static let bucketsMin = 64

  init() {
    self.buckets = IndexBuckets(count: Self.bucketsMin)
    self.chargedBytes = self.buckets.chargedBytes
  }

  deinit {
    self.buckets.free()
    self.old?.free()
  }

  // MARK: One entry

  func find(_ key: borrowing StoreKey, in memory: EntryMemory) -> EntryHandle {
    let place = self.place(of: key.hash)
    let table = self.table(of: place)
    let tag = Self.tag(of: key.hash)
    var bucket = table.home(of: place)
    // Once around at most: after many removals every bucket may have been passed by something.
    for _ in 0..<table.count {
      var candidates = table.slots(of: bucket, tagged: tag)
      while candidates != 0 {
        let slot = candidates.trailingZeroBitCount
        candidates &= candidates - 1
        let entry = table.handle(bucket, slot)
        if memory.matches(entry, key) { return entry }
      }
      guard table.overflow(bucket) > 0 else { return .null }
      bucket = table.bucket(after: bucket)
    }
    return .null
  }

  /// An entry that may be the one of that hash, or null: for having it at hand when it is looked for.
  func candidate(_ hash: UInt64) -> EntryHandle {
    let place = self.place(of: hash)
    let table = self.table(of: place)
    let bucket = table.home(of: place)
    let candidates = table.slots(of: bucket, tagged: Self.tag(of: hash))
    return candidates == 0 ? .null : table.handle(bucket, candidates.trailingZeroBitCount)
  }

  /// The caller has seen that the key is not there, and that there is room.
  mutating func insert(_ entry: EntryHandle, hash: UInt64) {
    precondition(self.count < self.countMax, "the caller has made room in the index")
    let place = self.place(of: hash)
    Self.insert(entry, tag: Self.tag(of: hash), place, into: self.table(of: place))
    self.count += 1
  }

  /// Takes the entry out; returns its whole hash.
  @discardableResult
  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory) -> UInt64 {
    let hash = memory.hash(entry)
    let place = self.place(of: hash)
    let tag = Self.remove(entry, place, from: self.table(of: place))
    self.count -= 1
    return Self.hash(hash, tag: tag)
  }

  /// Names another entry in the place of one that has the same hash, but for what the tag holds.
  mutating func replace(_ entry: EntryHandle, by new: EntryHandle, in memory: EntryMemory) {
    let place = self.place(of: memory.hash(entry))
    let table = self.table(of: place)
    let (bucket, slot) = Self.find(entry, place, in: table)
    table.setHandle(bucket, slot, new)
  }

  /// The whole hash of an entry of the table.
  func hash(of entry: EntryHandle, in memory: EntryMemory) -> UInt64 {
    let hash = memory.hash(entry)
    let place = self.place(of: hash)
    let table = self.table(of: place)
    let (bucket, slot) = Self.find(entry, place, in: table)
    return Self.hash(hash, tag: table.tag(bucket, slot))
  }

  // MARK: Size

  var isResizing: Bool { self.old != nil }

  /// Entries that the table can hold at all: above, it would be looked through for too long.
  var countMax: Int {
    let buckets = min(self.buckets.count, self.old?.count ?? .max)
    return buckets * IndexBuckets.slotsPerBucket * 15 / 16
  }

  /// The number of buckets to change to, or nil where the table is neither too full nor too empty.
  ///
  /// - Parameter isRoomy: there is memory to spare: the table grows by a half instead of an eighth, and
  ///   moves each entry some two times instead of eight while it fills.
  func wantedBuckets(isRoomy: Bool) -> Int? {
    guard self.old == nil else { return nil }
    let slots = self.buckets.count * IndexBuckets.slotsPerBucket
    if self.count > slots * 7 / 8 { return self.buckets.count * (isRoomy ? 12 : 9) / 8 }
    let fitting = max(Self.bucketsMin, self.count * 3 / 2 / IndexBuckets.slotsPerBucket)
    return fitting < self.buckets.count / 2 ? fitting : nil
  }

  /// Starts to change to another number of buckets.
  mutating func beginResize(buckets count: Int) {
    precondition(self.old == nil, "the table is being resized already")
    self.old = self.buckets
    self.buckets = IndexBuckets(count: count)
    self.movedBuckets = 0
    self.releasedBuckets = 0
    self.chargedBytes += self.buckets.chargedBytes
  }

  /// Moves the entries of up to `count` home buckets; returns the old table once it is empty.
  ///
  /// Both tables are charged until then, but not both are there: one is given back as the other fills.
  mutating func move(buckets count: Int, in memory: EntryMemory) -> IndexBuckets? {
    guard let old = self.old else { return nil }
    let end = min(self.movedBuckets + count, old.count)
    while self.movedBuckets < end {
      let home = self.movedBuckets
      // From here on, what belongs to the bucket is looked for in the new table.
      self.movedBuckets += 1
      self.moveBucket(home, of: old, in: memory)
    }
    guard end == old.count else {
      self.releasedBuckets = old.releaseEmpty(self.releasedBuckets..<end)
      return nil
    }
    self.old = nil
    self.chargedBytes -= old.chargedBytes
    return old
  }

  private func moveBucket(_ home: Int, of old: IndexBuckets, in memory: EntryMemory) {
    var bucket = home
    for _ in 0..<old.count {
      // Asked before anything is removed, for that is what makes the count go down.
      let goesOn = old.overflow(bucket) > 0
      var used = old.used(bucket)
      let hashes = Self.hashes(in: bucket, of: old, memory)
      while used != 0 {
        let slot = used.trailingZeroBitCount
        used &= used - 1
        let place = self.place(of: hashes[slot])
        guard old.home(of: place) == home else { continue }
        let (entry, tag) = (old.handle(bucket, slot), old.tag(bucket, slot))
        Self.clear(slot, of: bucket, home: home, in: old)
        Self.insert(entry, tag: tag, place, into: self.buckets)
      }
      guard goesOn else { return }
      bucket = old.bucket(after: bucket)
    }
  }

  // MARK: Walking

  /// Calls `body`, which may remove the entry it is given but inserts none, with each entry that the
  /// walk's step at `cursor` comes to, and with its whole hash.
  func forEach(
    at cursor: UInt64, in memory: EntryMemory, _ body: (EntryHandle, UInt64) -> Void
  ) {
    let end = self.cursor(after: cursor)
    let table = self.table(of: cursor)
    self.forEach(table.home(of: cursor), of: table, in: memory) { entry, hash, tag in
      let place = self.place(of: hash)
      // The part of a bucket before the cursor was seen when the table had other buckets.
      guard place >= cursor, end == 0 || place < end else { return }
      body(entry, Self.hash(hash, tag: tag))
    }
  }

  /// Where the next step of a walk is; 0 after the last. A walk begins at 0.
  func cursor(after cursor: UInt64) -> UInt64 {
    let table = self.table(of: cursor)
    let end = table.start(of: table.home(of: cursor) + 1)
    guard let old = self.old, old.home(of: cursor) < self.movedBuckets else { return end }
    // What comes next may still be in the old table.
    let boundary = old.start(of: self.movedBuckets)
    return end == 0 || (boundary != 0 && boundary < end) ? boundary : end
  }

  /// Looks at each entry whose home is the bucket; `body` may remove it from the table.
  private func forEach(
    _ home: Int, of table: IndexBuckets, in memory: EntryMemory,
    _ body: (EntryHandle, _ hash: UInt64, _ tag: UInt8) -> Void
  ) {
    var bucket = home
    for _ in 0..<table.count {
      // Asked before anything is removed, for that is what makes the count go down.
      let goesOn = table.overflow(bucket) > 0
      var used = table.used(bucket)
      let hashes = Self.hashes(in: bucket, of: table, memory)
      while used != 0 {
        let slot = used.trailingZeroBitCount
        used &= used - 1
        // What `body` did for one entry may have removed another.
        guard table.used(bucket) & 1 << UInt16(slot) != 0 else { continue }
        if table.home(of: self.place(of: hashes[slot])) == home {
          body(table.handle(bucket, slot), hashes[slot], table.tag(bucket, slot))
        }
      }
      guard goesOn else { return }
      bucket = table.bucket(after: bucket)
    }
  }

  /// What entries say of their hashes, by slot. All of them are asked for before any of them is used, so
  /// that memory is waited for once for each bucket, and not for each entry. As many as
  /// `IndexBuckets.slotsPerBucket`.
  @inline(__always)
  private static func hashes(
    in bucket: Int, of table: IndexBuckets, _ memory: EntryMemory
  ) -> InlineArray<12, UInt64> {
    var hashes = InlineArray<12, UInt64>(repeating: 0)
    var used = table.used(bucket)
    while used != 0 {
      let slot = used.trailingZeroBitCount
      used &= used - 1
      hashes[slot] = memory.hash(table.handle(bucket, slot))
    }
    return hashes
  }

  /// Buckets that entries had to pass because they were full, summed over all entries; for tests.
  var passedBuckets: Int {
    [self.buckets, self.old].reduce(0) { sum, table in
      guard let table else { return sum }
      return (0..<table.count).reduce(sum) { $0 + Int(table.overflow($1)) }
    }
  }

  // MARK: Hashes

  /// Where the hash stands in the order of the table.
  @inline(__always)
  func place(of hash: UInt64) -> UInt64 {
    // Modulo 2^64: with an odd factor, no two hashes that differ in the bits shifted get one place.
    ((hash & ~0xFF) << 12) &* self.spread
  }

  private static func tag(of hash: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: hash ^ hash >> 8)
  }

  private static func hash(_ high: UInt64, tag: UInt8) -> UInt64 {
    high | UInt64(tag ^ UInt8(truncatingIfNeeded: high >> 8))
  }

  /// The table in which a place belongs now.
  private func table(of place: UInt64) -> IndexBuckets {
    guard let old = self.old, old.home(of: place) >= self.movedBuckets else { return self.buckets }
    return old
  }

  // MARK: Buckets

  private static func insert(
    _ entry: EntryHandle, tag: UInt8, _ place: UInt64, into table: IndexBuckets
  ) {
    var bucket = table.home(of: place)
    while table.isFull(bucket) {
      table.addOverflow(bucket)
      bucket = table.bucket(after: bucket)
    }
    table.insert(entry, tag: tag, into: bucket)
  }

  private static func remove(
    _ entry: EntryHandle, _ place: UInt64, from table: IndexBuckets
  ) -> UInt8 {
    let (bucket, slot) = Self.find(entry, place, in: table)
    let tag = table.tag(bucket, slot)
    Self.clear(slot, of: bucket, home: table.home(of: place), in: table)
    return tag
  }

  /// Ends a slot; the buckets that its entry had passed count one less.
  private static func clear(_ slot: Int, of bucket: Int, home: Int, in table: IndexBuckets) {
    var passed = home
    while passed != bucket {
      table.removeOverflow(passed)
      passed = table.bucket(after: passed)
    }
    table.clear(bucket, slot)
  }

  private static func find(
    _ entry: EntryHandle, _ place: UInt64, in table: IndexBuckets
  ) -> (bucket: Int, slot: Int) {
    var bucket = table.home(of: place)
    while true {
      if let slot = table.slot(of: entry, in: bucket) { return (bucket, slot) }
      precondition(table.overflow(bucket) > 0, "the entry is not in the index")
      bucket = table.bucket(after: bucket)
    }
  }
}
