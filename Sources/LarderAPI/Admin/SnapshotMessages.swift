public import Wire

/// Asks for a snapshot, now.
public typealias SnapshotRequest = EmptyMessage

/// The snapshot that was written.
public struct SnapshotResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// On the node.
  public var path = ""
  /// In it.
  public var entries: UInt64 = 0
  /// Of the file.
  public var bytes: UInt64 = 0
  /// That it took to write.
  public var durationMilliseconds: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.path = String(copyingUTF8: try reader.string(field))
      case 2: self.entries = try reader.uint64(field)
      case 3: self.bytes = try reader.uint64(field)
      case 4: self.durationMilliseconds = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.path)
    sink.uint64(field: 2, self.entries)
    sink.uint64(field: 3, self.bytes)
    sink.uint64(field: 4, self.durationMilliseconds)
  }
}
