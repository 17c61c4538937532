internal import Glibc

/// How often a key was asked for lately, estimated: a count-min sketch of counters of four bits, after
/// Cormode and Muthukrishnan (2005), whose counters are halved from time to time.
///
/// The four counters of a hash lie in one block of 64 bytes, so that a look costs one cache line. A
/// block's first four bits say how often it has been halved: it catches up when it is next looked at,
/// so that no operation ever walks the sketch.
struct FrequencySketch: ~Copyable {
  private var words: UnsafeMutablePointer<UInt64>?
  private var blockCount = 0
  /// The number of entries that the sketch was made for.
  private var entries = 0
  /// Modulo 16.
  private var epoch: UInt64 = 0
  private var additions = 0

  private static let wordsPerBlock = 8
  /// Bytes for each entry of the cache: with half of them, keys that share counters cost a point of the
  /// hit ratio.
  private static let bytesPerEntry = 8
  /// After this many additions for each entry, all counters are halved.
  private static let additionsPerEntry = 20

  init() {}

  deinit { free(self.words) }

  var chargedBytes: Int { self.blockCount * Self.wordsPerBlock * 8 }

  /// What the sketch may take in a cache of that many entries, and of no more before.
  static func bytesMax(forEntries entries: Int) -> Int {
    entries * self.bytesPerEntry + (entries > 0 ? self.wordsPerBlock * 8 : 0)
  }

  /// Follows the number of entries in large steps. What it knew stays: a block takes over what the old
  /// blocks say of the same hashes, and of some others that were in one block with them.
  mutating func resize(forEntries entries: Int) {
    guard entries > self.entries + self.entries / 4 || entries < self.entries / 3 else { return }
    let blockBytes = Self.wordsPerBlock * 8
    let (old, oldCount) = (self.words, self.blockCount)
    for block in 0..<oldCount { _ = self.block(at: block) }
    self.entries = entries
    self.blockCount = max(1, (entries * Self.bytesPerEntry + blockBytes - 1) / blockBytes)
    let block = calloc(self.blockCount, blockBytes)
    // Without memory for it all keys count as equally frequent.
    if block == nil { self.blockCount = 0 }
    // calloc's blocks are aligned for any type, and zeroed; it has room for all words of all blocks.
    self.words = block?.bindMemory(to: UInt64.self, capacity: self.blockCount * Self.wordsPerBlock)
    if let old, let new = self.words {
      for block in 0..<self.blockCount {
        // The old blocks of the first and the last hash that the new one is for.
        let first = block * oldCount / self.blockCount
        let last = ((block + 1) * oldCount - 1) / self.blockCount
        for source in first...last {
          // `source` is below `oldCount`, and `block` below the new count.
          Self.merge(old + source * Self.wordsPerBlock, into: new + block * Self.wordsPerBlock)
        }
      }
    }
    free(old)
  }

  /// Makes each counter the larger of the two; the epochs are the same.
  private static func merge(
    _ source: UnsafePointer<UInt64>, into target: UnsafeMutablePointer<UInt64>
  ) {
    for word in 0..<Self.wordsPerBlock {
      // Both blocks have eight words.
      var merged: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 64, by: 4) {
        merged |= max(source[word] >> shift & 15, target[word] >> shift & 15) << shift
      }
      target[word] = merged
    }
  }

  /// Up to 15.
  mutating func frequency(of hash: UInt64) -> Int {
    guard let block = self.block(of: hash) else { return 0 }
    var least: UInt64 = 15
    for row in 0..<4 {
      let (word, shift) = Self.counter(hash, row)
      // `word` is below the eight words of a block.
      least = min(least, block[word] >> shift & 15)
    }
    return Int(least)
  }

  mutating func increment(_ hash: UInt64) {
    guard let block = self.block(of: hash) else { return }
    for row in 0..<4 {
      let (word, shift) = Self.counter(hash, row)
      // `word` is below the eight words of a block; the counter is below 15, so nothing carries.
      if block[word] >> shift & 15 < 15 { block[word] += 1 << shift }
    }
    self.additions += 1
    if self.additions >= self.entries * Self.additionsPerEntry {
      // Those that are left count half.
      self.additions /= 2
      self.epoch = (self.epoch + 1) & 15
    }
  }

  /// Two of the block's words for each row would be too few; each row has a pair of words, in which
  /// the counters of the first word begin behind the block's epoch.
  private static func counter(_ hash: UInt64, _ row: Int) -> (word: Int, shift: UInt64) {
    // Five bits for each row, of those that choose neither the shard nor the block alone.
    var place = hash >> UInt64(8 + row * 5) & 31
    if row == 0 && place == 0 { place = 1 }
    return (row * 2 + Int(place >> 4), (place & 15) * 4)
  }

  /// The block, with all halvings that it has missed.
  private func block(of hash: UInt64) -> UnsafeMutablePointer<UInt64>? {
    // The high half of the product is below `blockCount`.
    self.block(at: Int((hash << 12).multipliedFullWidth(by: UInt64(self.blockCount)).high))
  }

  private func block(at index: Int) -> UnsafeMutablePointer<UInt64>? {
    guard let words = self.words, self.blockCount > 0 else { return nil }
    // The sketch has `blockCount` blocks.
    let block = words + index * Self.wordsPerBlock
    let missed = (self.epoch + 16 - (block[0] & 15)) & 15
    if missed > 0 {
      let shift = min(missed, 4)
      let kept = UInt64(0xF >> shift) * 0x1111_1111_1111_1111
      for word in 0..<Self.wordsPerBlock { block[word] = block[word] >> shift & kept }
      block[0] = block[0] & ~15 | self.epoch
    }
    return block
  }
}
