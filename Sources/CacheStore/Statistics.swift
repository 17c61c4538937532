/// Counters of one namespace, or of all. Those from `hits` on run since the store was made.
public struct NamespaceStatistics: Sendable, Equatable {
  /// Entries held now; some may have expired and not been swept yet. Tombstones do not count.
  public var entries = 0
  /// What these entries take: keys, values, headers and the slack of their slots.
  public var bytes = 0
  public var hits = 0
  public var misses = 0
  /// Values stored by writes and increments; not copies from other nodes.
  public var writes = 0
  /// Entries removed by local deletes and flushes; what was flushed counts when its memory is back.
  public var deletes = 0
  /// Entries removed to make room.
  public var evictions = 0
  /// Entries removed because their time was up.
  public var expirations = 0

  public init() {}

  static func += (left: inout Self, right: Self) {
    left.entries += right.entries
    left.bytes += right.bytes
    left.hits += right.hits
    left.misses += right.misses
    left.writes += right.writes
    left.deletes += right.deletes
    left.evictions += right.evictions
    left.expirations += right.expirations
  }
}

/// What a store holds and has done, summed over its shards; each shard's part is of one moment.
public struct StoreStatistics: Sendable, Equatable {
  public internal(set) var total = NamespaceStatistics()
  /// By namespace number.
  public internal(set) var namespaces: [NamespaceStatistics]
  /// All that counts against the budget: pages of entries and tombstones with what is free in them,
  /// large values, the index, the policies, and pinned extents.
  public internal(set) var memoryUsedBytes = 0
  public internal(set) var memoryLimitBytes = 0
  /// The index.
  public internal(set) var tableBytes = 0
  /// What the policies remember beside the entries.
  public internal(set) var policyBytes = 0
  public internal(set) var tombstones = 0
  public internal(set) var tombstoneBytes = 0
  /// Of large values whose entry is gone and which somebody still reads.
  public internal(set) var pinnedBytes = 0

  init(namespaceCount: Int) {
    self.namespaces = Array(repeating: NamespaceStatistics(), count: namespaceCount)
  }
}

extension ShardState {
  func addStatistics(to sum: inout StoreStatistics) {
    // A namespace that is just being made is known to the shards first.
    for index in sum.namespaces.indices { sum.namespaces[index] += self.counters[index] }
    let pinned = self.context.pins.current
    sum.memoryUsedBytes += self.usedBytes + pinned
    sum.tableBytes += self.index.chargedBytes
    sum.policyBytes += self.policyBytes
    sum.tombstones += self.tombstones.count
    sum.tombstoneBytes += self.tombstones.bytes
    sum.pinnedBytes += pinned
  }
}

/// The counters of a shard, by namespace number. Freed with the shard's state.
///
/// Unchecked, because it is a pointer: used under the shard's lock. Not an array, for whose counting of
/// references each read would pay.
struct NamespaceCounters: @unchecked Sendable {
  private(set) var indices: Range<Int>
  private var counters: UnsafeMutablePointer<NamespaceStatistics>
  private var capacity: Int

  init(count: Int) {
    self.indices = 0..<count
    self.capacity = count
    self.counters = .allocate(capacity: count)
    self.counters.initialize(repeating: NamespaceStatistics(), count: count)
  }

  /// Of one namespace more.
  mutating func append() {
    let count = self.indices.count
    if count == self.capacity {
      let larger = UnsafeMutablePointer<NamespaceStatistics>.allocate(capacity: 2 * count)
      // Both have room for `count`, and counters are no more than their bytes.
      larger.moveInitialize(from: self.counters, count: count)
      self.counters.deallocate()
      self.counters = larger
      self.capacity = 2 * count
    }
    (self.counters + count).initialize(to: NamespaceStatistics())
    self.indices = 0..<count + 1
  }

  func free() { self.counters.deallocate() }

  subscript(index: Int) -> NamespaceStatistics {
    get { self.counters[self.checked(index)] }
    nonmutating _modify { yield &self.counters[self.checked(index)] }
  }

  private func checked(_ index: Int) -> Int {
    precondition(self.indices.contains(index), "namespace numbers come from the store's own list")
    return index
  }
}
