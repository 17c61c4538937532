public import Wire

/// What an operator wants of the migrations of a node.
public struct SteerMigrationsRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// What is to be done with them.
  public enum Order: Equatable, Sendable {
    case pause
    case resume
    case cancel
    /// How fast the node sends; 0: as fast as it goes.
    case rate(bytesPerSecond: UInt64)
  }

  /// Of the node at the other end; empty: all of them.
  public var peerID = ""
  /// Nil: one that this version does not know, or none.
  public var order: Order?

  public init(peerID: String = "", order: Order? = nil) {
    self.peerID = peerID
    self.order = order
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.peerID = String(copyingUTF8: try reader.string(field))
      case 2:
        _ = try reader.bool(field)
        self.order = .pause
      case 3:
        _ = try reader.bool(field)
        self.order = .resume
      case 4:
        _ = try reader.bool(field)
        self.order = .cancel
      case 5: self.order = .rate(bytesPerSecond: try reader.uint64(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.peerID)
    switch self.order {
    case .pause: sink.bool(field: 2, true, presence: .explicit)
    case .resume: sink.bool(field: 3, true, presence: .explicit)
    case .cancel: sink.bool(field: 4, true, presence: .explicit)
    case .rate(let bytes): sink.uint64(field: 5, bytes, presence: .explicit)
    case nil: break
    }
  }
}

/// What has come of it.
public struct SteerMigrationsResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Migrations that were under way, and are no more.
  public var cancelled: UInt32 = 0
  /// Afterwards.
  public var migrations = MigrationsStatus()

  public init(cancelled: UInt32 = 0, migrations: MigrationsStatus = MigrationsStatus()) {
    self.cancelled = cancelled
    self.migrations = migrations
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.cancelled = try reader.uint32(field)
      case 2: try self.migrations.merge(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint32(field: 1, self.cancelled)
    sink.message(field: 2, self.migrations)
  }
}
