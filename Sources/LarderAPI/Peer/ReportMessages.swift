public import Wire

/// Asks another node how it stands.
public typealias ReportRequest = EmptyMessage

/// How a node says that it stands.
public struct ReportResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// The node's id.
  public var nodeID = ""
  /// It has a lease, which etcd has extended when it was due.
  public var reachesEtcd = false
  /// Of the ring that the node goes by, on all its event loops.
  public var epoch = ""
  /// Tells the node's process from those before it, and from others that take themselves for the node; 0:
  /// it does not say.
  public var incarnation: UInt64 = 0

  /// To be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.nodeID = String(copyingUTF8: try reader.string(field))
      case 2: self.reachesEtcd = try reader.bool(field)
      case 3: self.epoch = String(copyingUTF8: try reader.string(field))
      case 4: self.incarnation = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.nodeID)
    sink.bool(field: 2, self.reachesEtcd)
    sink.string(field: 3, self.epoch)
    sink.uint64(field: 4, self.incarnation)
  }
}
