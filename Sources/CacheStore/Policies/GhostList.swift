internal import Glibc

/// The keys that were turned out last: about nine for each ten entries of the cache.
///
/// A set-associative FIFO: a hash has one bucket of 64 bytes, in which a new ghost takes the place of
/// the oldest. Two bytes a ghost; one look in 2000 finds a ghost that is another's.
///
/// ```
///     0        2                                                            64
///    ┌────────┬────────┬────────┬──────────────────────────────────────────┐
///    │ next   │ 16 bits of a hash, 0 for none                    (31 of them)│
///    └────────┴────────┴────────┴──────────────────────────────────────────┘
/// ```
///
/// How long a bucket remembers varies with how many come to it. In a large cache that evens out; a
/// smaller one affords twice the places and dates its ghosts, and forgets each at its time:
///
/// ```
///     0        2        4                                                   64
///    ┌────────┬────────┬────────┬──────────────────────────────────────────┐
///    │ hash   │ date   │                                        (16 of them)  │
///    └────────┴────────┴────────┴──────────────────────────────────────────┘
/// ```
///
/// In a cache of a few hundred entries each ghost matters: those are in one row, the oldest first, with
/// 32 bits of their hash, and are looked for from end to end.
struct GhostList: ~Copyable {
  private var words: UnsafeMutablePointer<UInt16>?
  /// In place of the buckets.
  private var row: UnsafeMutablePointer<UInt32>?
  private var bucketCount = 0
  /// Ghosts that a bucket without dates holds: fewer than it has room for in a cache of few entries.
  private var ways = 0
  /// The number of entries that the list was made for.
  private var entries = 0
  /// Ghosts that are dated are those of the last so many insertions.
  private var dated = 0
  /// Of ghosts that are dated.
  private var insertions = 0
  /// Ghosts that a row holds; 0 where there are buckets.
  private var rowMax = 0
  /// Ghosts in the row.
  private var rowCount = 0

  private static let wordsPerBucket = 32
  private static let waysMax = 31
  private static let datedWays = 16
  /// Up to this many entries, ghosts are dated.
  private static let datedEntriesMax = 1 << 14
  /// Up to this many entries, ghosts are in one row.
  private static let rowEntriesMax = 512

  init() {}

  deinit {
    free(self.words)
    free(self.row)
  }

  var chargedBytes: Int { self.bucketCount * Self.wordsPerBucket * 2 }

  /// What the list may take in a cache of that many entries, and of no more before.
  static func bytesMax(forEntries entries: Int) -> Int {
    let dated = 8 * min(entries, self.datedEntriesMax)
    return max(dated, 2 * entries) + (entries > 0 ? self.wordsPerBucket * 2 : 0)
  }

  /// Follows the number of entries in large steps. What it knew is lost in each: which buckets the
  /// old ghosts belong to cannot be told from their few bits, and they are soon replaced.
  mutating func resize(forEntries entries: Int) {
    guard entries > self.entries + self.entries / 4 || entries < self.entries / 3 else { return }
    free(self.words)
    free(self.row)
    (self.words, self.row) = (nil, nil)
    self.entries = entries
    let ghosts = (entries * 9 + 9) / 10
    // One more than nine tenths: a ghost is added just before one is asked for.
    self.rowMax = entries <= Self.rowEntriesMax ? entries * 9 / 10 + 1 : 0
    self.rowCount = 0
    self.dated = self.rowMax == 0 && entries <= Self.datedEntriesMax ? ghosts : 0
    self.insertions = 0
    self.bucketCount =
      if self.rowMax > 0 {
        (2 * self.rowMax + Self.wordsPerBucket - 1) / Self.wordsPerBucket
      } else if self.dated > 0 {
        (2 * ghosts + Self.datedWays - 1) / Self.datedWays
      } else {
        (ghosts + Self.waysMax - 1) / Self.waysMax
      }
    self.ways = max(1, ghosts / max(1, self.bucketCount))
    let block = calloc(self.bucketCount, Self.wordsPerBucket * 2)
    // Without memory for it there are no ghosts, and the cache goes on with fewer hits.
    if block == nil { self.bucketCount = 0 }
    // calloc's blocks are aligned for any type, and zeroed; it has room for all words of all buckets,
    // and that is two for each ghost of a row.
    if self.rowMax > 0 {
      self.row = block?.bindMemory(to: UInt32.self, capacity: self.rowMax)
    } else {
      self.words = block?.bindMemory(
        to: UInt16.self, capacity: self.bucketCount * Self.wordsPerBucket)
    }
  }

  mutating func insert(_ hash: UInt64) {
    if let row = self.row {
      if self.rowCount == self.rowMax { self.removeFromRow(row, at: 0) }
      // Below `rowMax`, which the row has room for.
      row[self.rowCount] = Self.rowPrint(of: hash)
      self.rowCount += 1
      return
    }
    guard let bucket = self.bucket(of: hash) else { return }
    let fingerprint = Self.fingerprint(of: hash)
    guard self.dated > 0 else {
      let next = Int(bucket[0])
      // `next` is below `ways`, which is at most the bucket's 31 places.
      bucket[1 + next] = fingerprint
      bucket[0] = UInt16(next + 1 == self.ways ? 0 : next + 1)
      return
    }
    self.insertions += 1
    var place = 0
    for way in 0..<Self.datedWays {
      if bucket[2 * way] == 0 {
        place = way
        break
      }
      if self.age(bucket[2 * way + 1]) > self.age(bucket[2 * place + 1]) { place = way }
    }
    // `place` is one of the bucket's 16.
    bucket[2 * place] = fingerprint
    bucket[2 * place + 1] = self.today
  }

  /// Forgets the ghost; false where there is none.
  mutating func remove(_ hash: UInt64) -> Bool {
    if let row = self.row {
      let wanted = Self.rowPrint(of: hash)
      // The row has `rowCount` ghosts.
      guard let place = (0..<self.rowCount).first(where: { row[$0] == wanted }) else {
        return false
      }
      self.removeFromRow(row, at: place)
      return true
    }
    guard let bucket = self.bucket(of: hash) else { return false }
    let fingerprint = Self.fingerprint(of: hash)
    guard self.dated > 0 else {
      for place in 1...Self.waysMax where bucket[place] == fingerprint {
        bucket[place] = 0
        return true
      }
      return false
    }
    for way in 0..<Self.datedWays where bucket[2 * way] == fingerprint {
      bucket[2 * way] = 0
      return self.age(bucket[2 * way + 1]) < self.dated / self.insertionsPerDay
    }
    return false
  }

  private mutating func removeFromRow(_ row: UnsafeMutablePointer<UInt32>, at place: Int) {
    self.rowCount -= 1
    // Both ends are within the row: `place` was below its count.
    for index in place..<self.rowCount { row[index] = row[index + 1] }
  }

  private static func rowPrint(of hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash >> 16)
  }

  /// A date is a number of days, modulo 2^16: about sixteen times as long as a ghost is remembered,
  /// while each bucket is filled anew some ten times.
  private var insertionsPerDay: Int { max(1, self.dated >> 12) }

  private var today: UInt16 {
    UInt16(truncatingIfNeeded: self.insertions / self.insertionsPerDay)
  }

  /// In days.
  private func age(_ date: UInt16) -> Int {
    // Dates wrap: the difference is modulo 2^16, too.
    Int(self.today &- date)
  }

  /// From bits that neither the shard nor the ring looks at.
  private func bucket(of hash: UInt64) -> UnsafeMutablePointer<UInt16>? {
    guard let words = self.words, self.bucketCount > 0 else { return nil }
    let index = Int((hash << 12).multipliedFullWidth(by: UInt64(self.bucketCount)).high)
    // The high half of the product is below `bucketCount`.
    return words + index * Self.wordsPerBucket
  }

  private static func fingerprint(of hash: UInt64) -> UInt16 {
    let bits = UInt16(truncatingIfNeeded: hash >> 8)
    return bits == 0 ? 1 : bits
  }
}
