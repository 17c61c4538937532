public import Wire

/// What the new owner of hashes says in a Migrate.
public enum MigrateRequest: WireMessage, WireDecodable, Hashable, Sendable {
  /// None of these: what a newer node says is not known here.
  case unset
  /// Once, first.
  case start(MigrateStart)
  /// The number of a batch that is in the sender's store.
  case acknowledged(UInt64)

  public init(from reader: consuming WireReader) throws(WireError) {
    self = .unset
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        var start = MigrateStart()
        if case .start(let earlier) = self { start = earlier }
        try start.merge(from: try reader.message(field))
        self = .start(start)
      case 2: self = .acknowledged(try reader.uint64(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .unset: break
    case .start(let start): sink.message(field: 1, start)
    case .acknowledged(let number): sink.uint64(field: 2, number, presence: .explicit)
    }
  }
}

/// Begins a migration, or goes on with one.
public struct MigrateStart: WireMessage, WireDecodable, Hashable, Sendable {
  /// The sender; nil: it does not say, and is refused.
  public var heir: ProcessID?
  /// The ranges that the sender still wants, as in `SealRequest`.
  public var ranges: [UInt64] = []
  /// The number of the last batch that it has acknowledged; 0: none.
  public var after: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced, and lists grow.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.heir = try reader.processID(field, over: self.heir)
      case 2: try reader.fixed64s(field, to: &self.ranges)
      case 3: self.after = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    if let heir = self.heir { sink.message(field: 1, heir) }
    sink.fixed64s(field: 2, self.ranges)
    sink.uint64(field: 3, self.after)
  }
}

/// A batch of a migration.
///
/// Read, this is a view over the message's bytes. A node writes it a part at a time: first
/// `encode(number:into:)`, then `encode(item:into:)` for each item, then its `MigrateBatchEnd`.
@frozen public struct MigrateResponse: WireMessage, WireDecodable, ~Escapable {
  /// From 1 on; 0: a sign of life, with nothing in it.
  public var number: UInt64 = 0
  public var items: RepeatedMessages<MigrateItem>
  /// The items as they stand in the message: what the checksum is of, one behind the other.
  public var itemBytes: RepeatedBytes
  /// XXH64 (seed 0) of `itemBytes`.
  public var checksum: UInt64 = 0
  /// How far the sender is, in thousandths.
  public var donePermille: UInt32 = 0
  /// Nothing comes after this one.
  public var isLast = false
  /// In the last batch: tombstones that the sender had to drop.
  public var floors: RepeatedMessages<Floor>

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var (items, floors) = (0, 0)
    self.items = RepeatedMessages()
    self.itemBytes = RepeatedBytes()
    self.floors = RepeatedMessages()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.number = try reader.uint64(field)
      case 2:
        _ = try MigrateItem(from: try reader.message(field))
        items += 1
      case 3: self.checksum = try reader.fixed64(field)
      case 4: self.donePermille = try reader.uint32(field)
      case 5: self.isLast = try reader.bool(field)
      case 6:
        _ = try Floor(from: try reader.message(field))
        floors += 1
      default: try reader.skip(field)
      }
    }
    self.items = RepeatedMessages(validated: message, field: 2, count: items)
    self.itemBytes = RepeatedBytes(validated: message, field: 2, count: items)
    self.floors = RepeatedMessages(validated: message, field: 6, count: floors)
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    Self.encode(number: self.number, into: &sink)
    var items = self.items.makeIterator()
    while let item = items.next() { Self.encode(item: item, into: &sink) }
    var end = MigrateBatchEnd()
    end.checksum = self.checksum
    end.donePermille = self.donePermille
    end.isLast = self.isLast
    var floors = self.floors.makeIterator()
    while let floor = floors.next() { end.floors.append(floor) }
    end.encode(into: &sink)
  }

  /// Writes the number, before the items.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    number: UInt64, into sink: inout Sink
  ) {
    sink.uint64(field: 1, number)
  }

  /// Writes one item.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    item: MigrateItem, into sink: inout Sink
  ) {
    sink.message(field: 2, item)
  }

  /// Writes one item that was measured before.
  ///
  /// - Parameter size: what `item.encodedSize` said.
  @inlinable
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    item: MigrateItem, size: Int, into sink: inout Sink
  ) {
    sink.lengthPrefix(field: 2, size: size)
    sink.append(fieldsOf: item, size: size)
  }

  /// What an item takes with its tag and length.
  ///
  /// - Parameter itemSize: what `item.encodedSize` said.
  @inlinable
  public static func wholeSize(itemSize: Int) -> Int {
    1 + Varint.size(UInt64(truncatingIfNeeded: itemSize)) + itemSize
  }
}

/// What stands behind the items of a batch. Its fields are those of `MigrateResponse`.
public struct MigrateBatchEnd: WireMessage, Hashable, Sendable {
  public var checksum: UInt64 = 0
  public var donePermille: UInt32 = 0
  public var isLast = false
  public var floors: [Floor] = []

  /// To be filled in.
  public init() {}

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.fixed64(field: 3, self.checksum)
    sink.uint32(field: 4, self.donePermille)
    sink.bool(field: 5, self.isLast)
    for floor in self.floors { sink.message(field: 6, floor) }
  }
}
