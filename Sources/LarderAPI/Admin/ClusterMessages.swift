public import Wire

/// The cluster as one node sees it.
public struct ClusterStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of the ring that the node goes by; greater is newer. Empty: it has not joined its cluster yet.
  public var epoch = ""
  /// This node included: first those on the ring, in the order of their ids.
  public var members: [MemberStatus] = []
  /// What other nodes were asked for; what never happened is left out.
  public var forwards: [ForwardStatus] = []
  /// Of the cluster in etcd; empty, as all that follows: the nodes are a fixed list.
  public var name = ""
  /// leased, majority or isolated; joining before the node is a member.
  public var standing = ""
  /// Under which the node is registered, in hexadecimal; empty: it is not.
  public var lease = ""
  /// If etcd hears nothing more of the node.
  public var leaseLeftMilliseconds: UInt64 = 0
  /// Attempts to reach etcd that have failed.
  public var etcdFailures: UInt64 = 0
  /// Nil: nobody has told the node to drain, or to stop.
  public var drain: DrainStatus?

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    try self.merge(from: reader)
  }

  /// Reads over what is here: only the fields that `reader` has are replaced, and lists grow.
  mutating func merge(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.epoch = String(copyingUTF8: try reader.string(field))
      case 2: self.members.append(try MemberStatus(from: try reader.message(field)))
      case 3: self.forwards.append(try ForwardStatus(from: try reader.message(field)))
      case 10: self.name = String(copyingUTF8: try reader.string(field))
      case 11: self.standing = String(copyingUTF8: try reader.string(field))
      case 12: self.lease = String(copyingUTF8: try reader.string(field))
      case 13: self.leaseLeftMilliseconds = try reader.uint64(field)
      case 14: self.etcdFailures = try reader.uint64(field)
      case 15:
        var drain = self.drain ?? DrainStatus()
        try drain.merge(from: try reader.message(field))
        self.drain = drain
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.epoch)
    for element in self.members { sink.message(field: 2, element) }
    for element in self.forwards { sink.message(field: 3, element) }
    sink.string(field: 10, self.name)
    sink.string(field: 11, self.standing)
    sink.string(field: 12, self.lease)
    sink.uint64(field: 13, self.leaseLeftMilliseconds)
    sink.uint64(field: 14, self.etcdFailures)
    if let drain = self.drain { sink.message(field: 15, drain) }
  }
}

/// One node of a cluster, and how the node that was asked reaches it.
public struct MemberStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// Unique in the cluster.
  public var id = ""
  /// Where it is reached.
  public var address = ""
  /// Where it stands; empty: nobody has said.
  public var zone = ""
  /// On the ring; 2,048 for a weight of 1.
  public var points: UInt32 = 0
  /// The part of all keys that it owns, in millionths.
  public var shareMillionths: UInt32 = 0
  /// The node that was asked.
  public var isSelf = false
  /// self, idle, connecting, ready, suspected or unreachable.
  public var state = ""
  /// Of all event loops of the node that was asked.
  public var connections: UInt32 = 0
  /// Under way.
  public var openCalls: UInt64 = 0
  /// For a connection.
  public var waitingCalls: UInt64 = 0
  /// Attempts to connect that have failed.
  public var connectFailures: UInt64 = 0
  /// Why it cannot be reached; empty: it can, as far as is known.
  public var lastError = ""
  /// How often it was suspected: it had calls to answer, and was silent.
  public var suspicions: UInt64 = 0
  /// joining, active or leaving; empty, as all that follows: the nodes are a fixed list.
  public var membership = ""
  /// Tells the node's process from those before it.
  public var incarnation: UInt64 = 0
  /// Of the software that it runs.
  public var version = ""
  /// The byte budget of its store.
  public var capacityBytes: UInt64 = 0
  /// Under which it is registered, in hexadecimal; empty: none is known.
  public var lease = ""

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id = String(copyingUTF8: try reader.string(field))
      case 2: self.address = String(copyingUTF8: try reader.string(field))
      case 3: self.zone = String(copyingUTF8: try reader.string(field))
      case 4: self.points = try reader.uint32(field)
      case 5: self.shareMillionths = try reader.uint32(field)
      case 6: self.isSelf = try reader.bool(field)
      case 7: self.state = String(copyingUTF8: try reader.string(field))
      case 8: self.connections = try reader.uint32(field)
      case 9: self.openCalls = try reader.uint64(field)
      case 10: self.waitingCalls = try reader.uint64(field)
      case 11: self.connectFailures = try reader.uint64(field)
      case 12: self.lastError = String(copyingUTF8: try reader.string(field))
      case 13: self.suspicions = try reader.uint64(field)
      case 20: self.membership = String(copyingUTF8: try reader.string(field))
      case 21: self.incarnation = try reader.uint64(field)
      case 22: self.version = String(copyingUTF8: try reader.string(field))
      case 23: self.capacityBytes = try reader.uint64(field)
      case 24: self.lease = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.id)
    sink.string(field: 2, self.address)
    sink.string(field: 3, self.zone)
    sink.uint32(field: 4, self.points)
    sink.uint32(field: 5, self.shareMillionths)
    sink.bool(field: 6, self.isSelf)
    sink.string(field: 7, self.state)
    sink.uint32(field: 8, self.connections)
    sink.uint64(field: 9, self.openCalls)
    sink.uint64(field: 10, self.waitingCalls)
    sink.uint64(field: 11, self.connectFailures)
    sink.string(field: 12, self.lastError)
    sink.uint64(field: 13, self.suspicions)
    sink.string(field: 20, self.membership)
    sink.uint64(field: 21, self.incarnation)
    sink.string(field: 22, self.version)
    sink.uint64(field: 23, self.capacityBytes)
    sink.string(field: 24, self.lease)
  }
}

/// How often other nodes were asked for a method, with one result.
public struct ForwardStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of larder.v1.Cache: Get, Set, and so on.
  public var method = ""
  /// ok, error, unreachable, unknown, deadline, cancelled, wrong_owner or refused.
  public var result = ""
  /// Since the node started.
  public var count: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.method = String(copyingUTF8: try reader.string(field))
      case 2: self.result = String(copyingUTF8: try reader.string(field))
      case 3: self.count = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.method)
    sink.string(field: 2, self.result)
    sink.uint64(field: 3, self.count)
  }
}
