public import Wire

/// Asks a node for its migrations.
public typealias GetMigrationsRequest = EmptyMessage

/// The migrations of one node.
public struct MigrationsStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of the node that was asked.
  public var nodeID = ""
  /// Bytes a second at which the node sends, all migrations together; 0: as fast as it goes.
  public var rateLimit: UInt64 = 0
  /// Those with all nodes are paused, but for nodes that were resumed by name.
  public var isPaused = false
  /// Under way, the oldest first.
  public var migrations: [MigrationStatus] = []
  /// Entries and remembered deletes, since the node started.
  public var sentItems: UInt64 = 0
  /// Of messages.
  public var sentBytes: UInt64 = 0
  /// Entries and remembered deletes, since the node started.
  public var receivedItems: UInt64 = 0
  /// Of messages.
  public var receivedBytes: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced, and lists grow.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.nodeID = String(copyingUTF8: try reader.string(field))
      case 2: self.rateLimit = try reader.uint64(field)
      case 3: self.isPaused = try reader.bool(field)
      case 4: self.migrations.append(try MigrationStatus(from: try reader.message(field)))
      case 5: self.sentItems = try reader.uint64(field)
      case 6: self.sentBytes = try reader.uint64(field)
      case 7: self.receivedItems = try reader.uint64(field)
      case 8: self.receivedBytes = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.nodeID)
    sink.uint64(field: 2, self.rateLimit)
    sink.bool(field: 3, self.isPaused)
    for migration in self.migrations { sink.message(field: 4, migration) }
    sink.uint64(field: 5, self.sentItems)
    sink.uint64(field: 6, self.sentBytes)
    sink.uint64(field: 7, self.receivedItems)
    sink.uint64(field: 8, self.receivedBytes)
  }
}

/// One migration, as the node at one end sees it.
public struct MigrationStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// The node at the other end.
  public var peerID = ""
  /// outbound or inbound.
  public var direction = ""
  /// The part of all keys that it is about, in millionths.
  public var shareMillionths: UInt32 = 0
  /// How far it is, 0...1000.
  public var donePermille: UInt32 = 0
  /// Moved on this stream: entries and remembered deletes.
  public var items: UInt64 = 0
  /// Of messages.
  public var bytes: UInt64 = 0
  /// Over the last five seconds.
  public var bytesPerSecond: UInt64 = 0
  /// Nil: nobody knows.
  public var secondsLeft: UInt64?
  /// By the node that was asked.
  public var isPaused = false

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.peerID = String(copyingUTF8: try reader.string(field))
      case 2: self.direction = String(copyingUTF8: try reader.string(field))
      case 3: self.shareMillionths = try reader.uint32(field)
      case 4: self.donePermille = try reader.uint32(field)
      case 5: self.items = try reader.uint64(field)
      case 6: self.bytes = try reader.uint64(field)
      case 7: self.bytesPerSecond = try reader.uint64(field)
      case 8: self.secondsLeft = try reader.uint64(field)
      case 9: self.isPaused = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.peerID)
    sink.string(field: 2, self.direction)
    sink.uint32(field: 3, self.shareMillionths)
    sink.uint32(field: 4, self.donePermille)
    sink.uint64(field: 5, self.items)
    sink.uint64(field: 6, self.bytes)
    sink.uint64(field: 7, self.bytesPerSecond)
    if let seconds = self.secondsLeft { sink.uint64(field: 8, seconds, presence: .explicit) }
    sink.bool(field: 9, self.isPaused)
  }
}
