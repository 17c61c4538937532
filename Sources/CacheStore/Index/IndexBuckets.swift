/// The buckets of an `EntryIndex`, each a cache line, in a mapping of their own. Freed by hand, once.
///
/// ```
///     0              12       14       16                                    64
///    ┌──────────────┬────────┬────────┬──────────────────────────────────────┐
///    │ tags, 1 each │overflow│ in use │ handles, 4 bytes each                │
///    └──────────────┴────────┴────────┴──────────────────────────────────────┘
/// ```
///
/// Unchecked, because it is a pointer: used under the shard's lock only, or by `Garbage` once nothing
/// else knows it.
struct IndexBuckets: @unchecked Sendable {
  static let slotsPerBucket = 12
  private static let bucketBytes = 64
  private static let bucketsPerRelease = 1024
  private static let allSlots: UInt16 = 0xFFF

  private let memory: UnsafeMutableRawPointer
  let count: Int

  // Every access below is within bucket `bucket`, which is below `count`: callers have it from `home`
  // or `bucket(after:)`; slots are below 12.

  init(count: Int) {
    self.count = count
    let byteCount = Self.chargedBytes(count: count)
    self.memory = Mapping.reserve(byteCount: byteCount)
    Mapping.preferLargePages(self.memory, byteCount: byteCount)
  }

  /// Gives the memory of buckets that hold nothing back to the system, 64 KiB at a time; they stay empty
  /// buckets. Returns the first bucket of the range that it has not come to.
  func releaseEmpty(_ range: Range<Int>) -> Int {
    var first = range.lowerBound
    while range.upperBound - first >= Self.bucketsPerRelease {
      let end = first + Self.bucketsPerRelease
      // Entries of the last buckets may have gone on to the first ones.
      if (first..<end).allSatisfy({ self.used($0) == 0 && self.overflow($0) == 0 }) {
        Mapping.discard(
          self.start(first), byteCount: Self.bucketsPerRelease * Self.bucketBytes)
      }
      first = end
    }
    return first
  }

  func free() { Mapping.release(self.memory, byteCount: self.chargedBytes) }

  static func chargedBytes(count: Int) -> Int { (count * self.bucketBytes + 4095) & ~4095 }

  var chargedBytes: Int { Self.chargedBytes(count: self.count) }

  /// The bucket of a place in the order of hashes.
  @inline(__always)
  func home(of place: UInt64) -> Int { Int(place.multipliedFullWidth(by: UInt64(self.count)).high) }

  /// The first place of the bucket; 0 for the one after the last.
  @inline(__always)
  func start(of bucket: Int) -> UInt64 {
    guard bucket < self.count else { return 0 }
    let divided = UInt64(self.count).dividingFullWidth((UInt64(bucket), 0))
    return divided.quotient + (divided.remainder > 0 ? 1 : 0)
  }

  @inline(__always)
  func bucket(after bucket: Int) -> Int { bucket + 1 == self.count ? 0 : bucket + 1 }

  /// A bit for each slot in use whose tag is `tag`.
  @inline(__always)
  func slots(of bucket: Int, tagged tag: UInt8) -> UInt16 {
    let start = self.start(bucket)
    let low = start.load(as: UInt64.self)
    let high = UInt64(start.load(fromByteOffset: 8, as: UInt32.self))
    return (Self.bytes(of: low, equalTo: tag) | Self.bytes(of: high, equalTo: tag) << 8)
      & self.used(bucket)
  }

  /// A bit for each byte of the word that has the value, the lowest byte's first.
  @inline(__always)
  private static func bytes(of word: UInt64, equalTo byte: UInt8) -> UInt16 {
    let sevens: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    // A byte of `differences` is 0 where the two are equal. The product repeats a byte eight times and
    // cannot overflow, and no sum of two bytes of at most 0x7F carries into the next.
    let differences = word ^ UInt64(byte) * 0x0101_0101_0101_0101
    let zeroes = ~(((differences & sevens) + sevens) | differences | sevens)
    // Modulo 2^64 by design: the top byte gathers the eight marks, and what overflows is not wanted.
    return UInt16(((zeroes >> 7) &* 0x0102_0408_1020_4080) >> 56)
  }

  /// A bit for each slot in use.
  @inline(__always)
  func used(_ bucket: Int) -> UInt16 {
    self.start(bucket).load(fromByteOffset: 14, as: UInt16.self)
  }

  func isFull(_ bucket: Int) -> Bool { self.used(bucket) == Self.allSlots }

  @inline(__always)
  func handle(_ bucket: Int, _ slot: Int) -> EntryHandle {
    EntryHandle(
      rawValue: self.start(bucket).load(fromByteOffset: 16 + slot * 4, as: UInt32.self))
  }

  func setHandle(_ bucket: Int, _ slot: Int, _ entry: EntryHandle) {
    self.start(bucket).storeBytes(
      of: entry.rawValue, toByteOffset: 16 + slot * 4, as: UInt32.self)
  }

  @inline(__always)
  func tag(_ bucket: Int, _ slot: Int) -> UInt8 {
    self.start(bucket).load(fromByteOffset: slot, as: UInt8.self)
  }

  func slot(of entry: EntryHandle, in bucket: Int) -> Int? {
    var used = self.used(bucket)
    while used != 0 {
      let slot = used.trailingZeroBitCount
      if self.handle(bucket, slot) == entry { return slot }
      used &= used - 1
    }
    return nil
  }

  /// The bucket is not full.
  func insert(_ entry: EntryHandle, tag: UInt8, into bucket: Int) {
    let used = self.used(bucket)
    let slot = (~used).trailingZeroBitCount
    let start = self.start(bucket)
    start.storeBytes(of: tag, toByteOffset: slot, as: UInt8.self)
    start.storeBytes(of: used | 1 << UInt16(slot), toByteOffset: 14, as: UInt16.self)
    self.setHandle(bucket, slot, entry)
  }

  func clear(_ bucket: Int, _ slot: Int) {
    let used = self.used(bucket) & ~(1 << UInt16(slot))
    self.start(bucket).storeBytes(of: used, toByteOffset: 14, as: UInt16.self)
  }

  /// Entries that were to be put here, or before, and lie behind; at the limit, "many, for ever".
  @inline(__always)
  func overflow(_ bucket: Int) -> UInt16 {
    self.start(bucket).load(fromByteOffset: 12, as: UInt16.self)
  }

  func addOverflow(_ bucket: Int) {
    let count = self.overflow(bucket)
    guard count < .max else { return }
    self.start(bucket).storeBytes(of: count + 1, toByteOffset: 12, as: UInt16.self)
  }

  func removeOverflow(_ bucket: Int) {
    let count = self.overflow(bucket)
    guard count < .max else { return }
    self.start(bucket).storeBytes(of: count - 1, toByteOffset: 12, as: UInt16.self)
  }

  @inline(__always)
  private func start(_ bucket: Int) -> UnsafeMutableRawPointer {
    self.memory + bucket * Self.bucketBytes
  }
}
