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
  /// The same by those that own them now, in the order of their ids.
  public var heirs: [HeirLeft] = []

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
      case 4: self.heirs.append(try HeirLeft(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.state)
    sink.uint64(field: 2, self.entriesLeft)
    sink.uint64(field: 3, self.bytesLeft)
    for heir in self.heirs { sink.message(field: 4, heir) }
  }
}

/// What one node did not get that owns it now.
public struct HeirLeft: WireMessage, WireDecodable, Equatable, Sendable {
  public var heirID = ""
  public var entries: UInt64 = 0
  /// Keys and values.
  public var bytes: UInt64 = 0
  /// How long it had given no sign of life then, in milliseconds.
  public var silentMilliseconds: UInt64 = 0
  /// It was waited for no longer because of that.
  public var isGivenUp = false

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.heirID = String(copyingUTF8: try reader.string(field))
      case 2: self.entries = try reader.uint64(field)
      case 3: self.bytes = try reader.uint64(field)
      case 4: self.silentMilliseconds = try reader.uint64(field)
      case 5: self.isGivenUp = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.heirID)
    sink.uint64(field: 2, self.entries)
    sink.uint64(field: 3, self.bytes)
    sink.uint64(field: 4, self.silentMilliseconds)
    sink.bool(field: 5, self.isGivenUp)
  }
}
