public import CacheStore
internal import HashRing

/// What became of the entries of a snapshot.
public struct RestoreReport: Equatable, Sendable {
  /// Of the snapshot.
  public internal(set) var path = ""
  /// When it was begun, in milliseconds since 1970 UTC; nil: its first block is lost.
  public internal(set) var writtenMilliseconds: UInt64?
  /// Of the file.
  public internal(set) var bytes = 0
  /// Put into the store. What there was no room for has been evicted again, the least valuable first.
  public internal(set) var restored = 0
  /// Their time was up.
  public internal(set) var expired = 0
  /// Of namespaces that the store does not have.
  public internal(set) var ofUnknownNamespaces = 0
  /// Some of these namespaces.
  public internal(set) var unknownNamespaces: [String] = []
  /// That the caller did not want.
  public internal(set) var unwanted = 0
  /// Too large for the store as it is configured now.
  public internal(set) var refused = 0
  /// Blocks of entries that are damaged; without those of which not even a header is left.
  public internal(set) var damagedBlocks = 0
  /// In these blocks.
  public internal(set) var damagedEntries = 0
  /// Of the file, that belong to no block that could be read.
  public internal(set) var damagedBytes = 0
  /// Where in the file the first of these is.
  public internal(set) var firstDamage: Int?
  /// The file ends before its last block.
  public internal(set) var isTruncated = false
  /// Entries that the last block counts and that are not there.
  public internal(set) var missing = 0
  /// Where the damaged file is now; nil: it was not damaged.
  public internal(set) var setAside: String?

  /// Something of the file was lost.
  public var isDamaged: Bool {
    self.damagedBytes > 0 || self.isTruncated || self.missing > 0
  }
}

/// Puts the entries of a snapshot into a store.
///
/// The blocks are read from the last to the first, so that the entries most worth having come last and
/// push out others where there is not room for all, whatever the policy.
public struct SnapshotRestorer: Sendable {
  private let store: Store
  private let directory: SnapshotDirectory

  /// Unknown namespaces that a report names.
  private static let namesMax = 10

  /// Of what is in the directory, into a store.
  public init(_ directory: SnapshotDirectory, into store: Store) {
    self.store = store
    self.directory = directory
  }

  /// Restores what can be. Blocks the thread.
  ///
  /// - Parameters:
  ///   - definitions: Called before all else with what the writer was given by that name.
  ///   - wants: Whether an entry of that hash belongs here.
  ///   - progress: Called after each block with the bytes done, and those of the whole file.
  ///   - isCancelled: Asked for each block.
  /// - Returns: nil where there is no snapshot.
  /// - Throws: A format that this version does not know, an error of the system, or the wish to stop.
  public func restore(
    definitions: (RawSpan) -> Void = { _ in }, now: () -> StoreTime,
    wants: (UInt64) -> Bool = { _ in true },
    progress: (Int, Int) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
  ) throws(SnapshotError) -> RestoreReport? {
    guard let file = try self.directory.open() else { return nil }
    var report = RestoreReport()
    report.path = self.directory.path
    report.bytes = try file.byteCount()
    let index = try SnapshotIndex(byteCount: report.bytes) { range throws(SnapshotError) in
      try file.read(range)
    }
    if let format = index.unknownFormat {
      throw SnapshotError(
        "snapshot: \(self.directory.path) has the format \(format), and this version knows"
          + " \(SnapshotHeader.currentFormat) only. Start the version that wrote it, or move the"
          + " file away to start without it.")
    }
    var done = 0
    for gap in index.gaps { report.lose(gap) }
    for block in index.blocks where block.header.kind == .definitions {
      let payload = try file.read(block.payload)
      if block.header.matches(payload.span.bytes) { definitions(payload.span.bytes) }
    }
    for block in index.blocks.reversed() {
      if isCancelled() { throw .cancelled }
      let payload = try file.read(block.payload)
      if block.header.matches(payload.span.bytes) {
        self.restore(block, payload.span.bytes, now(), wants, &report)
      } else {
        report.lose(block)
      }
      done += SnapshotHeader.byteCount + payload.count
      progress(done, report.bytes)
    }
    report.isTruncated = !index.hasEnd
    report.missing = max(0, report.missing - index.records)
    if report.isDamaged { report.setAside = try self.directory.setAside() }
    return report
  }

  /// Restores one block, whose checksum was right.
  private func restore(
    _ block: SnapshotIndex.Block, _ payload: RawSpan, _ now: StoreTime,
    _ wants: (UInt64) -> Bool, _ report: inout RestoreReport
  ) {
    switch block.header.kind {
    case .begin where payload.byteCount == 16:
      report.writtenMilliseconds = payload.littleEndian(UInt64.self, at: 0)
      self.store.clock.observe(Version(rawValue: payload.littleEndian(UInt64.self, at: 8)))
    case .end where payload.byteCount == 16:
      // Of all blocks; those that are there are taken off at the end.
      report.missing = Int(clamping: payload.littleEndian(UInt64.self, at: 0))
      self.store.clock.observe(Version(rawValue: payload.littleEndian(UInt64.self, at: 8)))
    case .valuableEntries, .otherEntries:
      var records = SnapshotRecords(payload)
      while let record = records.next() {
        self.restore(
          record, areValuable: block.header.kind == .valuableEntries, now, wants, &report)
      }
      if !records.isAtEnd { report.lose(block) }
    case .definitions: break
    default:
      report.lose(block)
    }
  }

  private func restore(
    _ record: borrowing SnapshotRecord, areValuable: Bool, _ now: StoreTime,
    _ wants: (UInt64) -> Bool, _ report: inout RestoreReport
  ) {
    guard let namespace = self.store.namespaces.id(of: record.namespace) else {
      report.ofUnknownNamespaces += 1
      let name = record.namespace.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      if report.unknownNamespaces.count < Self.namesMax, !report.unknownNamespaces.contains(name) {
        report.unknownNamespaces.append(name)
      }
      return
    }
    guard let expiry = record.head.expiry(now: now) else {
      report.expired += 1
      return
    }
    // As a node hashes the keys of its calls.
    let hash =
      record.namespace.isEmpty
      ? XXH64.hash(record.key)
      : XXH64.hash(prefix: record.namespace, separator: UInt8(ascii: "/"), record.key)
    guard wants(hash) else {
      report.unwanted += 1
      return
    }
    let key = StoreKey(namespace: namespace, bytes: record.key, hash: hash)
    let outcome = self.store.restore(
      key, value: record.value, flags: record.head.flags, version: record.head.version,
      expiry: expiry, isValuable: areValuable, now: now)
    switch outcome {
    case .applied: report.restored += 1
    // It came twice.
    case .alreadyPresent, .superseded, .belowFloor: break
    case .valueTooLarge, .noSpace: report.refused += 1
    }
  }
}

extension RestoreReport {
  fileprivate mutating func lose(_ bytes: Range<Int>) {
    self.damagedBytes += bytes.count
    self.firstDamage = min(self.firstDamage ?? bytes.lowerBound, bytes.lowerBound)
  }

  fileprivate mutating func lose(_ block: SnapshotIndex.Block) {
    self.damagedBlocks += 1
    self.damagedEntries += Int(block.header.records)
    self.lose(block.offset..<block.payload.upperBound)
  }
}
