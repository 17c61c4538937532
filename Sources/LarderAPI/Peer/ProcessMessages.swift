public import Wire

/// One process of a node: another one under the same id has none of its entries.
public struct ProcessID: WireMessage, WireDecodable, Hashable, Sendable {
  public var nodeID = ""
  public var incarnation: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(nodeID: String, incarnation: UInt64) {
    self.nodeID = nodeID
    self.incarnation = incarnation
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.nodeID = String(copyingUTF8: try reader.string(field))
      case 2: self.incarnation = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.nodeID)
    sink.uint64(field: 2, self.incarnation)
  }
}

/// Another process that may hold older entries of some hashes; or the one that names it, for those of its own
/// entries that count only after what the ones before hold.
public struct Predecessor: WireMessage, WireDecodable, Hashable, Sendable {
  /// Nil: none was named, which is of no use to anyone.
  public var process: ProcessID?
  /// It did own them. Otherwise it may have, and may hold nothing.
  public var isCertain = false
  /// It must give the hashes up, and what it holds of them is of no use.
  public var isSuperseded = false
  /// Of the one that names itself: the highest version of these entries.
  public var through: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.process = try reader.processID(field, over: self.process)
      case 2: self.isCertain = try reader.bool(field)
      case 3: self.isSuperseded = try reader.bool(field)
      case 4: self.through = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    if let process = self.process { sink.message(field: 1, process) }
    sink.bool(field: 2, self.isCertain)
    sink.bool(field: 3, self.isSuperseded)
    sink.uint64(field: 4, self.through)
  }
}

extension WireReader {
  /// A field that holds a process.
  ///
  /// - Parameter earlier: what the field held when it came before in the same message.
  @_lifetime(self: copy self)
  mutating func processID(
    _ field: WireField, over earlier: ProcessID?
  ) throws(WireError) -> ProcessID {
    var process = earlier ?? ProcessID()
    try process.merge(from: try self.message(field))
    return process
  }
}
