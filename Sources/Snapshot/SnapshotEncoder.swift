internal import CacheStore

/// Makes the blocks of a snapshot, one at a time, in memory that it keeps.
struct SnapshotEncoder {
  /// The block, with room for its header in front.
  private var block: [UInt8] = []
  private(set) var recordsInBlock: UInt32 = 0
  /// In all blocks, this one too.
  private(set) var records = 0
  private var place: UInt32 = 0
  private let identity: UInt64

  /// - Parameter identity: Random: see `SnapshotHeader`.
  init(identity: UInt64) {
    self.identity = identity
    self.startBlock()
  }

  /// Of the block that is being made.
  var payloadBytes: Int { self.block.count - SnapshotHeader.byteCount }

  /// So that appending so much does not need to ask for memory, which may take its time.
  mutating func reserve(payloadBytes: Int) {
    self.block.reserveCapacity(SnapshotHeader.byteCount + payloadBytes)
  }

  /// A block of definitions, whatever they are.
  mutating func definitions<Failure: Error>(
    _ definitions: RawSpan, _ write: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    self.append(definitions)
    try self.finish(.definitions, write)
  }

  /// Appends an entry to the block.
  mutating func append(_ record: borrowing SnapshotRecord) {
    self.block.append(littleEndian: record.head.version.rawValue)
    self.block.append(littleEndian: record.head.endMilliseconds)
    self.block.append(littleEndian: record.head.flags)
    self.block.append(littleEndian: UInt32(record.value.byteCount))
    self.block.append(littleEndian: UInt32(record.key.byteCount))
    self.block.append(littleEndian: UInt32(record.namespace.byteCount))
    self.append(record.namespace)
    self.append(record.key)
    self.append(record.value)
    self.recordsInBlock += 1
    self.records += 1
  }

  /// The first block: nothing has been appended yet.
  mutating func begin<Failure: Error>(
    wallMilliseconds: UInt64, newest: Version, _ write: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    self.block.append(littleEndian: wallMilliseconds)
    self.block.append(littleEndian: newest.rawValue)
    try self.finish(.begin, write)
  }

  /// The block of what was appended since the last.
  mutating func entries<Failure: Error>(
    areValuable: Bool, _ write: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    try self.finish(areValuable ? .valuableEntries : .otherEntries, write)
  }

  /// The last block.
  mutating func end<Failure: Error>(
    newest: Version, _ write: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(self.recordsInBlock == 0, "the entries before it are a block of their own")
    self.block.append(littleEndian: UInt64(self.records))
    self.block.append(littleEndian: newest.rawValue)
    try self.finish(.end, write)
  }

  private mutating func finish<Failure: Error>(
    _ kind: SnapshotHeader.Kind, _ write: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    let header = SnapshotHeader(
      kind, records: self.recordsInBlock,
      payload: self.block.span.bytes.extracting(droppingFirst: SnapshotHeader.byteCount),
      place: self.place, identity: self.identity)
    header.write(over: &self.block)
    try write(self.block.span.bytes)
    self.place += 1
    self.recordsInBlock = 0
    self.startBlock()
  }

  private mutating func startBlock() {
    self.block.removeAll(keepingCapacity: true)
    self.block.append(contentsOf: repeatElement(0, count: SnapshotHeader.byteCount))
  }

  private mutating func append(_ bytes: RawSpan) {
    bytes.withUnsafeBytes { self.block.append(contentsOf: $0) }
  }
}
