/// Keys of one message, to be read together: `Store.read(_:in:_:)`. Fixed in size, so that it lies on
/// its owner's stack and asks for no memory.
public struct KeyGroup: ~Copyable {
  /// The most keys in one group.
  public static let capacity = 256

  /// Keys in the group.
  public private(set) var count = 0
  private var hashes = InlineArray<256, UInt64>(repeating: 0)
  private var starts = InlineArray<256, UInt32>(repeating: 0)
  private var sizes = InlineArray<256, UInt32>(repeating: 0)
  private var isRead = InlineArray<256, Bool>(repeating: false)

  /// Without keys.
  public init() {}

  public var isFull: Bool { self.count == Self.capacity }

  public mutating func removeAll() { self.count = 0 }

  /// Adds a key, as `StoreKey` has it, by its place in the message. The group is not full; a message has
  /// less than 4 GiB.
  ///
  /// - Parameter hash: nil: the key has its number, but is not read.
  public mutating func append(_ place: Range<Int>, hash: UInt64?) {
    self.hashes[self.count] = hash ?? 0
    self.isRead[self.count] = hash != nil
    self.starts[self.count] = UInt32(place.lowerBound)
    self.sizes[self.count] = UInt32(place.count)
    self.count += 1
  }

  /// Where the key is in the message.
  public func place(_ index: Int) -> Range<Int> {
    let start = Int(self.starts[index])
    return start..<start + Int(self.sizes[index])
  }

  /// Whether the key is read.
  public func isRead(_ index: Int) -> Bool { self.isRead[index] }

  func hash(_ index: Int) -> UInt64 { self.hashes[index] }

  @_lifetime(copy message)
  func key(_ index: Int, in message: RawSpan, _ namespace: NamespaceID) -> StoreKey {
    StoreKey(
      namespace: namespace, bytes: message.extracting(self.place(index)), hash: self.hashes[index])
  }

  /// The numbers of the keys in the order of their shards: those of shard `n` are at
  /// `ends[n - 1]..<ends[n]`. A counting sort.
  func byShard(
    _ shardCount: Int
  ) -> (order: InlineArray<256, UInt8>, ends: InlineArray<256, UInt16>) {
    var ends = InlineArray<256, UInt16>(repeating: 0)
    var order = InlineArray<256, UInt8>(repeating: 0)
    let mask = shardCount - 1
    for index in 0..<self.count where self.isRead[index] {
      ends[Int(truncatingIfNeeded: self.hashes[index]) & mask] += 1
    }
    var sum: UInt16 = 0
    for shard in 0..<shardCount {
      let count = ends[shard]
      ends[shard] = sum
      sum += count
    }
    for index in 0..<self.count where self.isRead[index] {
      let shard = Int(truncatingIfNeeded: self.hashes[index]) & mask
      order[Int(ends[shard])] = UInt8(index)
      ends[shard] += 1
    }
    return (order, ends)
  }
}

extension Store {
  /// Reads many keys, as `read` does each: the lock of a shard is taken once for all of its keys, or
  /// once for each 64 KiB of small values. Keys that the store does not have are passed over.
  ///
  /// What the processor has to fetch from memory, it fetches for many keys at a time: index first, then
  /// entries. That takes half of the time where they are not in its caches.
  ///
  /// - Parameters:
  ///   - message: Holds the keys.
  ///   - body: As for `read`, with the number of the key in the group; not in their order.
  public func read(
    _ group: borrowing KeyGroup, in message: RawSpan, _ namespace: NamespaceID, now: StoreTime,
    _ body: (Int, borrowing EntryView) -> Void
  ) {
    let (order, ends) = group.byShard(self.shards.count)
    var start = 0
    for shard in self.shards.indices {
      let end = Int(ends[shard])
      while start < end {
        let next = self.shards[shard].withLock { state, garbage in
          state.read(
            group, order, start..<end, in: message, namespace, now: now, &garbage, body)
        }
        start = next
      }
    }
  }
}

extension ShardState {
  /// Values copied in one locked section, but for the last.
  private static let valueBytesPerLock = 64 << 10

  /// Reads the keys at these places of the order; returns where to go on.
  mutating func read(
    _ group: borrowing KeyGroup, _ order: borrowing InlineArray<256, UInt8>, _ places: Range<Int>,
    in message: RawSpan, _ namespace: NamespaceID, now: StoreTime, _ garbage: inout Garbage,
    _ body: (Int, borrowing EntryView) -> Void
  ) -> Int {
    // No turn of these loops waits for the one before it, so the processor has many of their misses
    // under way at once.
    var candidates = InlineArray<256, UInt32>(repeating: 0)
    for place in places {
      candidates[place] = self.index.candidate(group.hash(Int(order[place]))).rawValue
    }
    let memory = self.memory
    var seen: UInt64 = 0
    for place in places where candidates[place] != 0 {
      seen ^= memory.hashAndForm(EntryHandle(rawValue: candidates[place]))
    }
    for place in places where candidates[place] != 0 {
      seen ^= memory.restOfLines(EntryHandle(rawValue: candidates[place]))
    }
    // Keeps the loads from being left out.
    self.lastSeen = seen
    var bytes = 0
    for place in places {
      let index = Int(order[place])
      let entry = self.read(group.key(index, in: message, namespace), now: now, &garbage)
      if entry.isNull { continue }
      let view = EntryView(entry, in: self.memory, now: now)
      body(index, view)
      if self.memory.form(entry).isBoxed { continue }
      bytes += self.memory.valueBytes(entry)
      if bytes > Self.valueBytesPerLock { return place + 1 }
    }
    return places.upperBound
  }
}
