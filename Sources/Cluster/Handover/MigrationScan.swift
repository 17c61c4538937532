internal import CacheStore
internal import LarderAPI

/// Reads what a store holds of some arcs, the most valuable first, and puts it into batches.
///
/// A shard is held for one step at a time, in which keys and small values are copied; large values are
/// taken by reference. They are put into messages afterwards, so that what is said of their lives is of
/// the moment at which they are sent.
struct MigrationScan {
  /// Up to where a scan has come: all that is in no batch yet is seen from there on. Nil: nothing is left.
  typealias Place = ScanCursor?

  /// A hundred microseconds.
  private static let stepLimits = ScanLimits(
    entriesMax: 256, bytesMax: 32 << 10, bucketsMax: 128)

  /// What a step has found under one key.
  private struct Found {
    enum Content {
      /// Behind the key.
      case value(Int)
      /// Its place among the extents.
      case extent(Int)
      case tombstone
    }

    let namespace: Int
    /// Where the key begins in the bytes of the step.
    let start: Int
    let keyBytes: Int
    let content: Content
    let version: Version
    let flags: UInt32
    /// On the monotonic clock; `never` for one that has no end.
    let endMilliseconds: UInt64

    static let never = UInt64.max
  }

  private let store: Store
  private let arcs: ArcLookup
  /// Of the namespaces, by number. What is sealed is in no namespace that was made later.
  private let names: [[UInt8]]
  private var cursor: Place
  /// Where the step began that has found what is at hand.
  private var stepStart: Place
  private var found: [Found] = []
  private var bytes: [UInt8] = []
  private var extents: [Extent] = []
  /// The first of `found` that is in no batch yet.
  private var next = 0
  /// Bytes of keys and values in batches so far.
  private(set) var contentBytes: Int

  /// - Parameters:
  ///   - place: where an earlier scan of the same arcs has been.
  ///   - contentBytes: what it had put into batches until there.
  init(_ store: Store, _ arcs: ArcSet, from place: Place, contentBytes: Int = 0) {
    self.store = store
    self.arcs = ArcLookup(arcs)
    self.names = store.namespaces.configurations.map { Array($0.name.utf8) }
    self.cursor = place
    self.stepStart = place
    self.contentBytes = contentBytes
    // So that no memory has to be asked for while a shard is held.
    self.bytes.reserveCapacity(4 * Self.stepLimits.bytesMax)
    self.found.reserveCapacity(2 * Self.stepLimits.entriesMax)
  }

  /// Everything is in batches.
  var isAtEnd: Bool { self.cursor == nil && self.next == self.found.count }

  /// How far it is, from 0 to 1, as far as that can be told without counting.
  var progress: Double { self.cursor?.progress ?? 1 }

  /// Where another scan would go on. May be before what is in batches, but never behind what is not.
  var place: Place { self.next == self.found.count ? self.cursor : self.stepStart }

  /// Looks at some more of the store. What was found before must be in batches.
  mutating func step(now: StoreTime) {
    precondition(self.next == self.found.count, "what was found is not in batches yet")
    guard let cursor = self.cursor else { return }
    self.stepStart = cursor
    self.found.removeAll(keepingCapacity: true)
    self.bytes.removeAll(keepingCapacity: true)
    self.extents.removeAll(keepingCapacity: true)
    self.next = 0
    let (store, arcs) = (self.store, self.arcs)
    self.cursor = store.scan(arcs, from: cursor, limits: Self.stepLimits, now: now) { item in
      self.take(item, now)
    }
  }

  /// Runs under a shard's lock.
  private mutating func take(_ item: borrowing ScanItem, _ now: StoreTime) {
    let namespace = Int(item.key.namespace.rawValue)
    guard namespace < self.names.count else { return }
    let start = self.bytes.count
    item.key.bytes.withUnsafeBytes { self.bytes.append(contentsOf: $0) }
    let keyBytes = self.bytes.count - start
    var content = Found.Content.tombstone
    var (flags, end) = (UInt32(0), Found.never)
    if case .entry(let entry) = item.content {
      flags = entry.flags
      if case .after(let milliseconds) = entry.expiry {
        end = now.monotonicMilliseconds + milliseconds
      }
      if let extent = entry.extent {
        content = .extent(self.extents.count)
        self.extents.append(extent)
      } else {
        content = .value(entry.value.byteCount)
        entry.value.withUnsafeBytes { self.bytes.append(contentsOf: $0) }
      }
    }
    self.found.append(
      Found(
        namespace: namespace, start: start, keyBytes: keyBytes, content: content,
        version: item.version, flags: flags, endMilliseconds: end))
  }

  /// Puts what was found into the batch, but for what has expired since.
  ///
  /// - Returns: true: the batch is full. False: all of it is in.
  mutating func fill(_ batch: inout OutgoingBatch, now: StoreTime) -> Bool {
    while self.next < self.found.count {
      let found = self.found[self.next]
      let isOver = found.endMilliseconds <= now.monotonicMilliseconds
      if !isOver {
        guard self.append(found, to: &batch, now) else { return true }
        self.contentBytes += found.keyBytes + self.valueBytes(found)
      }
      self.next += 1
    }
    return false
  }

  private func append(
    _ found: Found, to batch: inout OutgoingBatch, _ now: StoreTime
  ) -> Bool {
    let namespace = self.names[found.namespace]
    let name = namespace.span.bytes
    let bytes = self.bytes.span.bytes
    let valueStart = found.start + found.keyBytes
    let key = bytes.extracting(found.start..<valueStart)
    switch found.content {
    case .tombstone:
      return batch.append(
        MigrateItem(namespace: name, key: key, content: .tombstone(found.version.rawValue)))
    case .value(let count):
      let value = bytes.extracting(valueStart..<valueStart + count)
      return batch.append(
        MigrateItem(namespace: name, key: key, content: .entry(Self.copy(found, value, now))))
    case .extent(let index):
      let extent = self.extents[index]
      return batch.append(
        MigrateItem(namespace: name, key: key, content: .entry(Self.copy(found, extent.bytes, now)))
      )
    }
  }

  @_lifetime(copy value)
  private static func copy(_ found: Found, _ value: RawSpan, _ now: StoreTime) -> EntryCopy {
    let isEndless = found.endMilliseconds == Found.never
    return EntryCopy(
      value: value, version: found.version.rawValue,
      ttlMilliseconds: isEndless ? 0 : found.endMilliseconds - now.monotonicMilliseconds,
      flags: found.flags)
  }

  private func valueBytes(_ found: Found) -> Int {
    switch found.content {
    case .tombstone: 0
    case .value(let count): count
    case .extent(let index): self.extents[index].byteCount
    }
  }
}
