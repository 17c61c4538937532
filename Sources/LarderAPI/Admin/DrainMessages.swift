public import Wire

/// Has a node hand all over that it holds.
public struct DrainRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// For others to get it; 0: as long as the node waits when it stops.
  public var timeoutMilliseconds: UInt64 = 0

  public init(timeoutMilliseconds: UInt64 = 0) { self.timeoutMilliseconds = timeoutMilliseconds }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.timeoutMilliseconds = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint64(field: 1, self.timeoutMilliseconds)
  }
}

/// How far a node is with that.
public struct DrainStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// leaving, handing_over, drained, left_behind or not_left.
  public var state = ""
  /// Left behind.
  public var entriesLeft: UInt64 = 0
  /// Their keys and values.
  public var bytesLeft: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.state = String(copyingUTF8: try reader.string(field))
      case 2: self.entriesLeft = try reader.uint64(field)
      case 3: self.bytesLeft = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.state)
    sink.uint64(field: 2, self.entriesLeft)
    sink.uint64(field: 3, self.bytesLeft)
  }
}
