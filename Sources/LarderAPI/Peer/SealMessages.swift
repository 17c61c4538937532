public import Wire

/// Asks a node to give up some hashes, which the sender owns by now.
public struct SealRequest: WireMessage, WireDecodable, Hashable, Sendable {
  /// The most ranges that one request may name; twice as many numbers are in `ranges`.
  public static let rangesMax = 65_536

  /// The sender; nil: it does not say, and is refused.
  public var heir: ProcessID?
  /// Of the ring by which the sender owns the hashes.
  public var epoch = ""
  /// Pairs of the first and the last hash of a range, ascending.
  public var ranges: [UInt64] = []
  /// Processes that have given up to the sender what they had claimed, and named the node.
  public var vias: [ProcessID] = []
  /// The sender wants nothing more of what the node has sealed for it.
  public var releases = false
  /// The sender still wants all that the node has sealed for it; nothing but `heir` is set besides.
  public var renews = false

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.heir = try reader.processID(field, over: self.heir)
      case 2: self.epoch = String(copyingUTF8: try reader.string(field))
      case 3: try reader.fixed64s(field, to: &self.ranges)
      case 4: self.vias.append(try ProcessID(from: try reader.message(field)))
      case 5: self.releases = try reader.bool(field)
      case 6: self.renews = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    if let heir = self.heir { sink.message(field: 1, heir) }
    sink.string(field: 2, self.epoch)
    sink.fixed64s(field: 3, self.ranges)
    for via in self.vias { sink.message(field: 4, via) }
    sink.bool(field: 5, self.releases)
    sink.bool(field: 6, self.renews)
  }
}

/// The node serves none of the hashes any more: what it holds of them never changes.
public struct SealResponse: WireMessage, WireDecodable, Hashable, Sendable {
  /// The one that answers; nil: it does not say.
  public var node: ProcessID?
  /// No version in what it holds of these hashes is above this one.
  public var clock: UInt64 = 0
  /// What of the hashes it holds for the sender; all others it has nothing to say about.
  public var holdings: [Holding] = []

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.node = try reader.processID(field, over: self.node)
      case 2: self.clock = try reader.uint64(field)
      case 3: self.holdings.append(try Holding(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    if let node = self.node { sink.message(field: 1, node) }
    sink.uint64(field: 2, self.clock)
    for holding in self.holdings { sink.message(field: 3, holding) }
  }
}

/// Hashes of which a node holds entries, or may, and who may hold older ones.
public struct Holding: WireMessage, WireDecodable, Hashable, Sendable {
  /// As in `SealRequest`.
  public var ranges: [UInt64] = []
  /// Newest first.
  public var predecessors: [Predecessor] = []
  /// For whom the node kept them; nil: nobody had come for them.
  public var via: ProcessID?
  /// The node never served them: it holds no entries, but may have claimed those of its predecessors.
  public var isEmpty = false

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: try reader.fixed64s(field, to: &self.ranges)
      case 2: self.predecessors.append(try Predecessor(from: try reader.message(field)))
      case 3: self.via = try reader.processID(field, over: self.via)
      case 4: self.isEmpty = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.fixed64s(field: 1, self.ranges)
    for predecessor in self.predecessors { sink.message(field: 2, predecessor) }
    if let via = self.via { sink.message(field: 3, via) }
    sink.bool(field: 4, self.isEmpty)
  }
}
