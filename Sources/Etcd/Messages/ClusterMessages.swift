public import Wire

/// `etcdserverpb.Member`: one of the processes that make up an etcd.
public struct Member: WireMessage, WireDecodable, Equatable, Sendable {
  /// Unique in the life of an etcd.
  public var id: UInt64 = 0
  /// Empty: it was added and has not started yet.
  public var name = ""
  /// Where the other members reach it.
  public var peerURLs: [String] = []
  /// Where clients reach it, as it says itself.
  public var clientURLs: [String] = []
  /// It follows, and has no vote.
  public var isLearner = false

  /// A member to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id = try reader.uint64(field)
      case 2: self.name = String(copyingUTF8: try reader.string(field))
      case 3: self.peerURLs.append(String(copyingUTF8: try reader.string(field)))
      case 4: self.clientURLs.append(String(copyingUTF8: try reader.string(field)))
      case 5: self.isLearner = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint64(field: 1, self.id)
    sink.string(field: 2, self.name)
    for url in self.peerURLs { sink.string(field: 3, url, presence: .explicit) }
    for url in self.clientURLs { sink.string(field: 4, url, presence: .explicit) }
    sink.bool(field: 5, self.isLearner)
  }
}

/// `etcdserverpb.MemberListResponse`.
public struct MemberListResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// All of them, those that are down included.
  public var members: [Member] = []

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.members.append(try Member(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    for member in self.members { sink.message(field: 2, member) }
  }
}

/// `etcdserverpb.StatusResponse`: how one member is doing.
public struct MemberStatus: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// Of its software, such as `3.4.23`.
  public var version = ""
  /// Of the file on disk.
  public var databaseBytes: Int64 = 0
  /// The leader's member id, as this member sees it; 0: it knows of none.
  public var leader: UInt64 = 0
  /// Of the last entry in its log.
  public var raftIndex: UInt64 = 0
  /// Grows with each election among the members.
  public var raftTerm: UInt64 = 0
  /// Of the last entry that it has acted on.
  public var raftAppliedIndex: UInt64 = 0
  /// Alarms, such as a full database.
  public var errors: [String] = []
  /// Of `databaseBytes`, what is not free.
  public var databaseUsedBytes: Int64 = 0
  /// It follows, and has no vote.
  public var isLearner = false

  /// A status to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.version = String(copyingUTF8: try reader.string(field))
      case 3: self.databaseBytes = try reader.int64(field)
      case 4: self.leader = try reader.uint64(field)
      case 5: self.raftIndex = try reader.uint64(field)
      case 6: self.raftTerm = try reader.uint64(field)
      case 7: self.raftAppliedIndex = try reader.uint64(field)
      case 8: self.errors.append(String(copyingUTF8: try reader.string(field)))
      case 9: self.databaseUsedBytes = try reader.int64(field)
      case 10: self.isLearner = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.string(field: 2, self.version)
    sink.int64(field: 3, self.databaseBytes)
    sink.uint64(field: 4, self.leader)
    sink.uint64(field: 5, self.raftIndex)
    sink.uint64(field: 6, self.raftTerm)
    sink.uint64(field: 7, self.raftAppliedIndex)
    for error in self.errors { sink.string(field: 8, error, presence: .explicit) }
    sink.int64(field: 9, self.databaseUsedBytes)
    sink.bool(field: 10, self.isLearner)
  }
}
