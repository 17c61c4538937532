public import Wire

/// Asks what a node is and how it is doing.
public typealias GetStatusRequest = EmptyMessage

/// What a node is and how it is doing. Asked for by people, so it owns its strings.
public struct GetStatusResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// The node's id; by default its advertised address.
  public var nodeID = ""
  /// Of the software, as `larder --version` prints it.
  public var version = ""
  /// Since the node started, in milliseconds.
  public var uptimeMilliseconds: UInt64 = 0
  /// The operating system's number for the process.
  public var processID: UInt32 = 0
  /// How many event loops serve connections.
  public var eventLoops: UInt32 = 0
  /// User and system time of the whole process, in microseconds.
  public var cpuTimeMicroseconds: UInt64 = 0
  /// Of the whole process.
  public var residentBytes: UInt64 = 0
  /// The byte budget of the store.
  public var memoryLimitBytes: UInt64 = 0
  /// Of that budget, what keys, values and all per-entry overhead take.
  public var memoryUsedBytes: UInt64 = 0
  /// Open now.
  public var connections: UInt64 = 0
  /// One for each namespace.
  public var namespaces: [NamespaceStatus] = []
  /// Nil: the node stands alone.
  public var cluster: ClusterStatus?

  /// A status to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.nodeID = String(copyingUTF8: try reader.string(field))
      case 2: self.version = String(copyingUTF8: try reader.string(field))
      case 3: self.uptimeMilliseconds = try reader.uint64(field)
      case 4: self.processID = try reader.uint32(field)
      case 5: self.eventLoops = try reader.uint32(field)
      case 6: self.cpuTimeMicroseconds = try reader.uint64(field)
      case 7: self.residentBytes = try reader.uint64(field)
      case 8: self.memoryLimitBytes = try reader.uint64(field)
      case 9: self.memoryUsedBytes = try reader.uint64(field)
      case 10: self.connections = try reader.uint64(field)
      case 11: self.namespaces.append(try NamespaceStatus(from: try reader.message(field)))
      case 12:
        var cluster = self.cluster ?? ClusterStatus()
        try cluster.merge(from: try reader.message(field))
        self.cluster = cluster
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.nodeID)
    sink.string(field: 2, self.version)
    sink.uint64(field: 3, self.uptimeMilliseconds)
    sink.uint32(field: 4, self.processID)
    sink.uint32(field: 5, self.eventLoops)
    sink.uint64(field: 6, self.cpuTimeMicroseconds)
    sink.uint64(field: 7, self.residentBytes)
    sink.uint64(field: 8, self.memoryLimitBytes)
    sink.uint64(field: 9, self.memoryUsedBytes)
    sink.uint64(field: 10, self.connections)
    for namespace in self.namespaces { sink.message(field: 11, namespace) }
    if let cluster = self.cluster { sink.message(field: 12, cluster) }
  }
}

/// One namespace's counters, which run since the node started.
public struct NamespaceStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// Empty: the default namespace.
  public var name = ""
  /// Stored now.
  public var entries: UInt64 = 0
  /// That the entries take now, overhead included.
  public var bytes: UInt64 = 0
  /// Reads that found an entry.
  public var hits: UInt64 = 0
  /// Reads that found none.
  public var misses: UInt64 = 0
  /// Entries stored.
  public var writes: UInt64 = 0
  /// Entries removed by a call.
  public var deletes: UInt64 = 0
  /// Entries removed to make room.
  public var evictions: UInt64 = 0
  /// Entries removed because their time was over.
  public var expirations: UInt64 = 0

  /// A status to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.name = String(copyingUTF8: try reader.string(field))
      case 2: self.entries = try reader.uint64(field)
      case 3: self.bytes = try reader.uint64(field)
      case 4: self.hits = try reader.uint64(field)
      case 5: self.misses = try reader.uint64(field)
      case 6: self.writes = try reader.uint64(field)
      case 7: self.deletes = try reader.uint64(field)
      case 8: self.evictions = try reader.uint64(field)
      case 9: self.expirations = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, self.name)
    sink.uint64(field: 2, self.entries)
    sink.uint64(field: 3, self.bytes)
    sink.uint64(field: 4, self.hits)
    sink.uint64(field: 5, self.misses)
    sink.uint64(field: 6, self.writes)
    sink.uint64(field: 7, self.deletes)
    sink.uint64(field: 8, self.evictions)
    sink.uint64(field: 9, self.expirations)
  }
}
