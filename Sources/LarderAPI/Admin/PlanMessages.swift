public import Wire

/// Asks a node what it would hand to others if the ring changed.
public struct PlanRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// What somebody thinks about.
  public enum Change: Equatable, Sendable {
    case add(PlannedNode)
    /// The node of this id.
    case remove(String)
    case weigh(PlannedNode)
  }

  /// Nil: one that this version does not know, or none.
  public var change: Change?

  public init(change: Change? = nil) { self.change = change }

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        var node = PlannedNode()
        if case .add(let earlier) = self.change { node = earlier }
        try node.merge(from: try reader.message(field))
        self.change = .add(node)
      case 2: self.change = .remove(String(copyingUTF8: try reader.string(field)))
      case 3:
        var node = PlannedNode()
        if case .weigh(let earlier) = self.change { node = earlier }
        try node.merge(from: try reader.message(field))
        self.change = .weigh(node)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self.change {
    case .add(let node): sink.message(field: 1, node)
    case .remove(let id): sink.string(field: 2, id, presence: .explicit)
    case .weigh(let node): sink.message(field: 3, node)
    case nil: break
    }
  }
}

/// A node as it would be on the ring.
public struct PlannedNode: WireMessage, WireDecodable, Equatable, Sendable {
  /// By default its advertised address.
  public var id = ""
  /// Its part of the keys, relative to the others.
  public var weight = 0.0
  /// Of a node that is added.
  public var zone = ""

  public init(id: String = "", weight: Double = 0, zone: String = "") {
    self.id = id
    self.weight = weight
    self.zone = zone
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id = String(copyingUTF8: try reader.string(field))
      case 2: self.weight = Double(bitPattern: try reader.fixed64(field))
      case 3: self.zone = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.id)
    // A double travels as its bits, in eight bytes.
    sink.fixed64(field: 2, self.weight.bitPattern)
    sink.string(field: 3, self.zone)
  }
}

/// What a node would hand to others.
public struct PlanResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of the node that was asked.
  public var nodeID = ""
  /// Of the ring as it is.
  public var epoch = ""
  /// To each node that would get anything.
  public var moves: [PlannedMove] = []
  /// Entries are on their way to or from the node, and may not be counted where they will be.
  public var isMoving = false

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.nodeID = String(copyingUTF8: try reader.string(field))
      case 2: self.epoch = String(copyingUTF8: try reader.string(field))
      case 3: self.moves.append(try PlannedMove(from: try reader.message(field)))
      case 4: self.isMoving = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.nodeID)
    sink.string(field: 2, self.epoch)
    for move in self.moves { sink.message(field: 3, move) }
    sink.bool(field: 4, self.isMoving)
  }
}

/// What one node would hand to one other.
public struct PlannedMove: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who would own it.
  public var heirID = ""
  /// The part of all keys, in millionths.
  public var shareMillionths: UInt32 = 0
  /// That there are now.
  public var entries: UInt64 = 0
  /// Of the messages in which they would travel: keys, values and what goes with them.
  public var bytes: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.heirID = String(copyingUTF8: try reader.string(field))
      case 2: self.shareMillionths = try reader.uint32(field)
      case 3: self.entries = try reader.uint64(field)
      case 4: self.bytes = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.heirID)
    sink.uint32(field: 2, self.shareMillionths)
    sink.uint64(field: 3, self.entries)
    sink.uint64(field: 4, self.bytes)
  }
}
