/// Which entries stay when there is no room for all.
public enum EvictionPolicy: String, Sendable, CaseIterable {
  /// The least recently used entry goes.
  case lru
  /// Entries seen once go before entries seen again: segmented LRU, after Karedla, Love and Wherry,
  /// "Caching strategies to improve disk system performance" (1994).
  case lru2
  /// Three FIFO queues, after Yang, Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for
  /// cache eviction" (SOSP 2023).
  case s3FIFO = "s3-fifo"
  /// A hand that passes over what was used since it last came by, after Zhang, Yang, Yue, Vigfusson
  /// and Rashmi, "SIEVE is simpler than LRU" (NSDI 2024).
  case sieve
  /// A newcomer must have been asked for more often than what it would replace, after Einziger,
  /// Friedman and Manes, "TinyLFU: a highly efficient cache admission policy" (2017), with the
  /// window of Einziger, Eytan, Friedman and Manes, "Adaptive software cache management" (2018).
  case wTinyLFU = "w-tinylfu"

  /// The one that does best on the traces that `make hit-ratio` replays.
  public static let `default` = Self.s3FIFO
}

/// What each policy does. The store calls it under the lock of the shard.
///
/// Policies own the links and the state byte of the entries in them, and nothing else; all calls
/// cost the same however many entries there are, on average over many calls.
protocol ReplacementPolicy: ~Copyable {
  /// A new entry.
  mutating func insert(_ entry: EntryHandle, in memory: EntryMemory)
  /// The entry was read, or written again in its place. True: it is valuable now and was not before.
  mutating func hit(_ entry: EntryHandle, in memory: EntryMemory) -> Bool
  /// The entry has just come in, from a place where it was among those that are worth most.
  mutating func promote(_ entry: EntryHandle, in memory: EntryMemory)
  /// The entry goes for a reason that is not the policy's: deleted or expired.
  mutating func remove(_ entry: EntryHandle, in memory: EntryMemory)
  /// Takes out the entry that is worth least; null where there is none but `spared`.
  mutating func evict(sparing spared: EntryHandle, in memory: EntryMemory) -> EntryHandle
  /// The entry now lies in another slot, links and state with it.
  mutating func relocate(_ old: EntryHandle, to new: EntryHandle, in memory: EntryMemory)
  /// The charge of an entry has changed; `entry` has the new one.
  mutating func recharge(_ entry: EntryHandle, by bytes: Int, in memory: EntryMemory)
  /// Calls `body` with each list, for those who check them.
  func forEachQueue(_ body: (EntryQueue) -> Void)
  /// Whether the policy holds the entry for one of those that are worth most.
  func isValuable(_ entry: EntryHandle, in memory: EntryMemory) -> Bool
}

extension ReplacementPolicy where Self: ~Copyable {
  mutating func promote(_ entry: EntryHandle, in memory: EntryMemory) {
    // Twice is what it takes with S3-FIFO not to be turned out with the newcomers.
    for _ in 0..<2 { _ = self.hit(entry, in: memory) }
  }
}

/// The part of an entry's state byte that belongs to its policy: which of its queues the entry is in,
/// and how often it was used, up to 3.
///
/// ```
///  7      4 3    2 1     0
/// ┌────────┬──────┬───────┐
/// │ epoch  │ uses │ queue │
/// └────────┴──────┴───────┘
/// ```
struct EntryState {
  var rawValue: UInt8

  var queue: UInt8 {
    get { self.rawValue & 3 }
    set { self.rawValue = self.rawValue & ~3 | newValue }
  }

  var uses: UInt8 {
    get { self.rawValue >> 2 & 3 }
    set { self.rawValue = self.rawValue & ~12 | newValue << 2 }
  }

  /// Of the scan under which the entry last came in or changed its rank; see `ScanBand`.
  var epoch: UInt8 {
    get { self.rawValue >> 4 }
    set { self.rawValue = self.rawValue & 15 | newValue << 4 }
  }
}
