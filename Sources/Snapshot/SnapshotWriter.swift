public import CacheStore

/// What writing a snapshot came to.
public struct SnapshotSummary: Equatable, Sendable {
  /// In the file; one that changed meanwhile may count twice.
  public var entries = 0
  /// Of the file.
  public var bytes = 0

  /// Of no snapshot.
  public init() {}
}

/// Writes the entries of a store into a file, while the store is used.
///
/// A shard is held for one step at a time, which copies at most 64 KiB, or looks at 256 buckets of the
/// index: some hundred microseconds. Large values are not copied under the lock at all. Nothing is
/// written to the file while a lock is held.
///
/// What it writes is not of one moment: each entry is as it was at some moment while it was written.
public struct SnapshotWriter: Sendable {
  private let store: Store
  private let directory: SnapshotDirectory

  static let stepLimits = ScanLimits(entriesMax: 512, bytesMax: 64 << 10, bucketsMax: 256)
  /// A block is written when it has so much: large enough for disks, and small enough to lose.
  static let blockBytes = 256 << 10

  /// Of a store, to be written into the directory.
  public init(_ store: Store, _ directory: SnapshotDirectory) {
    self.store = store
    self.directory = directory
  }

  /// Writes one. Blocks the thread.
  ///
  /// - Parameters:
  ///   - definitions: What the restorer is to be told before it comes to the entries; may be empty.
  ///   - now: Reads the clocks.
  ///   - isCancelled: Asked often; once true, nothing is left of what was written.
  public func write(
    definitions: [UInt8] = [], now: () -> StoreTime, isCancelled: () -> Bool = { false }
  ) throws(SnapshotError) -> SnapshotSummary {
    let file = try self.directory.create()
    do throws(SnapshotError) {
      let summary = try self.write(
        definitions, to: file, now: now, isCancelled: isCancelled)
      try self.directory.install(file)
      return summary
    } catch {
      self.directory.abandon()
      throw error
    }
  }

  /// A large value, taken under the lock and copied after it.
  private struct Large {
    let head: SnapshotRecord.Head
    let namespace: Int
    let key: [UInt8]
    let value: Extent
  }

  private func write(
    _ definitions: [UInt8], to file: borrowing FileDescriptor, now: () -> StoreTime,
    isCancelled: () -> Bool
  ) throws(SnapshotError) -> SnapshotSummary {
    var encoder = SnapshotEncoder(identity: .random(in: 1...UInt64.max))
    encoder.reserve(payloadBytes: Self.blockBytes + 2 * Self.stepLimits.bytesMax)
    var summary = SnapshotSummary()
    try encoder.begin(
      wallMilliseconds: now().wallMilliseconds, newest: self.store.clock.newest
    ) { block throws(SnapshotError) in
      try Self.write(block, to: file, &summary)
    }
    if !definitions.isEmpty {
      try encoder.definitions(definitions.span.bytes) { block throws(SnapshotError) in
        try Self.write(block, to: file, &summary)
      }
    }
    let names = self.store.namespaces.configurations.map { Array($0.name.utf8) }
    var large: [Large] = []
    let everything = ArcLookup(.all)
    var cursor: ScanCursor? = self.store.beginScan()
    while let position = cursor {
      if isCancelled() { throw .cancelled }
      let time = now()
      cursor = self.store.scan(
        everything, from: position, limits: Self.stepLimits, now: time
      ) { item in
        Self.append(item, names, time, to: &encoder, &large)
      }
      for entry in large {
        let name = names[entry.namespace]
        encoder.append(
          SnapshotRecord(
            head: entry.head, namespace: name.span.bytes,
            key: entry.key.span.bytes, value: entry.value.bytes))
        try self.flush(&encoder, position, to: file, &summary)
      }
      large.removeAll(keepingCapacity: true)
      let isLast = cursor?.isAtValuable != position.isAtValuable
      try self.flush(&encoder, position, to: file, &summary, isLast: isLast)
    }
    summary.entries = encoder.records
    try encoder.end(newest: self.store.clock.newest) { block throws(SnapshotError) in
      try Self.write(block, to: file, &summary)
    }
    return summary
  }

  /// Runs under a shard's lock.
  private static func append(
    _ item: borrowing ScanItem, _ names: [[UInt8]], _ now: StoreTime,
    to encoder: inout SnapshotEncoder, _ large: inout [Large]
  ) {
    // Tombstones are for copies on their way between nodes, which a restart has ended.
    guard case .entry(let entry) = item.content else { return }
    let head = SnapshotRecord.Head(
      version: item.version, flags: entry.flags, expiry: entry.expiry, now: now)
    let namespace = Int(item.key.namespace.rawValue)
    // Of a namespace that was made since this began, the next snapshot has the entries.
    guard namespace < names.count else { return }
    if let extent = entry.extent {
      let key = item.key.bytes.withUnsafeBytes { Array($0) }
      large.append(Large(head: head, namespace: namespace, key: key, value: extent))
    } else {
      let name = names[namespace]
      encoder.append(
        SnapshotRecord(
          head: head, namespace: name.span.bytes, key: item.key.bytes, value: entry.value))
    }
  }

  private func flush(
    _ encoder: inout SnapshotEncoder, _ position: ScanCursor, to file: borrowing FileDescriptor,
    _ summary: inout SnapshotSummary, isLast: Bool = false
  ) throws(SnapshotError) {
    guard encoder.recordsInBlock > 0, isLast || encoder.payloadBytes >= Self.blockBytes else {
      return
    }
    try encoder.entries(areValuable: position.isAtValuable) { block throws(SnapshotError) in
      try Self.write(block, to: file, &summary)
    }
  }

  private static func write(
    _ block: RawSpan, to file: borrowing FileDescriptor, _ summary: inout SnapshotSummary
  ) throws(SnapshotError) {
    try file.write(block)
    summary.bytes += block.byteCount
  }
}
