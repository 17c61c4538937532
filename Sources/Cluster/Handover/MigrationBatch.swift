public import CacheStore
internal import HashRing
internal import LarderAPI
internal import NIOCore
internal import Wire

/// A batch of a migration as it has come in: whole, and of the checksum that it says.
public struct MigrationBatch: Sendable {
  /// From 1 on, without gaps.
  public let number: UInt64
  /// Entries and remembered deletes.
  public let itemCount: Int
  /// Of the message.
  public let byteCount: Int
  /// How far the sender is, 0...1000.
  public let donePermille: Int
  /// Nothing comes after this one.
  public let isLast: Bool
  /// In the order in which they are to be applied.
  public let pieces: [Piece]
  private let floors: [CacheStore.Floor]
  private let message: ByteBuffer
  private let origin: Origin

  /// Some of the items: what is put into the store in one go.
  public struct Piece: Sendable {
    /// In the message; nothing in them but whole fields.
    fileprivate let bytes: Range<Int>
    fileprivate let items: Int

    /// So many take some ten microseconds, if their values are small.
    fileprivate static let itemsMax = 32
  }

  /// What is known of a batch from the stream in which it came.
  struct Origin: Sendable {
    let peer: String
    /// What was asked for.
    let arcs: ArcSet
    /// By how much versions may be ahead of this node's wall clock.
    let skewMaxMilliseconds: UInt64
    let register: MigrationRegister
  }

  /// What became of the items of a batch.
  public struct Tally: Sendable, Equatable {
    /// They were the newest that the store has heard of.
    public internal(set) var applied = 0
    /// The store had them already, or newer ones, or has deleted them since.
    public internal(set) var outdated = 0
    /// This node has no such namespace.
    public internal(set) var unknownNamespace = 0
    /// The names of those, or of some of them.
    public internal(set) var unknownNamespaces: Set<String> = []
    /// The store has no room, the value is too large, or the version none, or too far in the future.
    public internal(set) var refused = 0
  }

  /// Nil: a sign of life.
  ///
  /// - Throws: `fault`, which names the peer.
  init?(_ message: ByteBuffer, _ origin: Origin) throws(HandoverFailure) {
    var floors: [CacheStore.Floor] = []
    let isWhole: Bool
    do throws(WireError) {
      let bytes = message.readableBytesSpan
      let response = try MigrateResponse(decoding: bytes)
      if response.number == 0 { return nil }
      let (pieces, checksum) = Self.pieces(of: response, bytes)
      isWhole = checksum == response.checksum
      self.pieces = pieces
      var left = response.floors.makeIterator()
      while let floor = left.next() {
        floors.append(
          CacheStore.Floor(cell: Int(floor.cell), version: Version(rawValue: floor.version)))
      }
      self.number = response.number
      self.itemCount = response.items.count
      self.donePermille = Int(min(response.donePermille, 1_000))
      self.isLast = response.isLast
    } catch {
      throw .fault("\(origin.peer) has sent a batch that is malformed protobuf: \(error)")
    }
    guard isWhole else {
      throw .fault("batch \(self.number) of \(origin.peer) does not have the checksum that it says")
    }
    self.floors = floors
    self.byteCount = message.readableBytes
    self.message = message
    self.origin = origin
  }

  /// Goes through the items once.
  private static func pieces(
    of response: borrowing MigrateResponse, _ message: RawSpan
  ) -> (pieces: [Piece], checksum: UInt64) {
    var (pieces, checksum) = ([Piece](), XXH64.Stream())
    var (start, end, count) = (0, 0, 0)
    var items = response.itemBytes.makeIterator()
    while let item = items.next() {
      checksum.update(item)
      guard let place = message.byteOffsets(of: item) else {
        preconditionFailure("an item is a part of its message")
      }
      end = place.upperBound
      count += 1
      if count == Piece.itemsMax {
        pieces.append(Piece(bytes: start..<end, items: count))
        (start, count) = (end, 0)
      }
    }
    if count > 0 { pieces.append(Piece(bytes: start..<end, items: count)) }
    return (pieces, checksum.finalize())
  }

  /// Puts some of the items into the store, newer versions winning. Takes some hundred nanoseconds for each,
  /// so it is not for an event loop.
  ///
  /// - Parameter wanted: others are passed over: the node has lost them since it asked.
  /// - Throws: `fault`, which names the peer, for items that were not asked for.
  @discardableResult
  public func apply(
    _ piece: Piece, to store: Store, only wanted: ArcSet = .all, now: StoreTime
  ) throws(HandoverFailure) -> Tally {
    var tally = Tally()
    // The message was read to its end when the batch was made.
    let items = RepeatedMessages<MigrateItem>(
      validated: self.message.readableBytesSpan.extracting(piece.bytes), field: 2,
      count: piece.items)
    var left = items.makeIterator()
    while let item = left.next() {
      try self.apply(item, to: store, only: wanted, now, &tally)
    }
    let counted = tally
    self.origin.register.count { counts in
      counts.unknownNamespaceItems += counted.unknownNamespace
      counts.refusedItems += counted.refused
    }
    return tally
  }

  /// Raises the store's floors to those of the batch: where older copies may come yet, from others, once all
  /// pieces are applied.
  ///
  /// - Throws: `fault`, which names the peer, for floors that are none.
  public func raiseFloors(of store: Store, now: StoreTime) throws(HandoverFailure) {
    let limit = Version(wallMilliseconds: now.wallMilliseconds + self.origin.skewMaxMilliseconds)
    guard self.floors.allSatisfy({ (0..<Store.floorCells).contains($0.cell) }) else {
      throw .fault("\(self.origin.peer) has sent a floor of a cell that is none")
    }
    store.raiseFloors(self.floors.filter { $0.version <= limit })
  }

  private func apply(
    _ item: MigrateItem, to store: Store, only wanted: ArcSet, _ now: StoreTime,
    _ tally: inout Tally
  ) throws(HandoverFailure) {
    guard (1...StoreConfiguration.keyMaxBytes).contains(item.key.byteCount) else {
      throw .fault("\(self.origin.peer) has sent a key of \(item.key.byteCount) bytes")
    }
    let hash = XXH64.hash(key: item.key, namespace: item.namespace)
    guard self.origin.arcs.contains(hash) else {
      throw .fault("\(self.origin.peer) has sent a key that it was not asked for")
    }
    guard wanted.contains(hash) else { return }
    guard let namespace = store.namespaces.id(of: item.namespace) else {
      return tally.addUnknown(String(copyingUTF8: item.namespace))
    }
    let key = StoreKey(namespace: namespace, bytes: item.key, hash: hash)
    switch item.content {
    case .unset: tally.refused += 1
    case .tombstone(let version):
      guard self.isTimely(version, now) else { return tally.refused += 1 }
      tally.add(store.applyTombstone(key, version: Version(rawValue: version)))
    case .entry(let entry):
      guard self.isTimely(entry.version, now) else { return tally.refused += 1 }
      tally.add(
        store.take(
          key, value: entry.value, flags: entry.flags, version: Version(rawValue: entry.version),
          expiry: CacheStore.Expiry(ttlMilliseconds: entry.ttlMilliseconds), now: now))
    }
  }

  /// A single absurd version would drive this node's clock into the future for good; and 0 is none.
  private func isTimely(_ version: UInt64, _ now: StoreTime) -> Bool {
    version > 0
      && Version(rawValue: version).milliseconds
        <= now.wallMilliseconds + self.origin.skewMaxMilliseconds
  }
}

extension MigrationBatch.Tally {
  /// Of names that are told.
  private static let namesMax = 8

  /// What became of other items of the same batch.
  mutating func add(_ more: Self) {
    self.applied += more.applied
    self.outdated += more.outdated
    self.unknownNamespace += more.unknownNamespace
    self.refused += more.refused
    for name in more.unknownNamespaces where self.unknownNamespaces.count < Self.namesMax {
      self.unknownNamespaces.insert(name)
    }
  }

  fileprivate mutating func addUnknown(_ namespace: String) {
    self.unknownNamespace += 1
    if self.unknownNamespaces.count < Self.namesMax { self.unknownNamespaces.insert(namespace) }
  }

  fileprivate mutating func add(_ outcome: ApplyOutcome) {
    switch outcome {
    case .applied: self.applied += 1
    case .alreadyPresent, .superseded, .belowFloor: self.outdated += 1
    case .valueTooLarge, .noSpace: self.refused += 1
    }
  }
}

extension CacheStore.Expiry {
  /// As messages between nodes have it: 0 stands for never.
  init(ttlMilliseconds: UInt64) {
    self = ttlMilliseconds == 0 ? .never : .after(milliseconds: ttlMilliseconds)
  }
}
