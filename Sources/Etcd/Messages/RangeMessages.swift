public import Wire

/// `etcdserverpb.RangeRequest`: asks for keys.
public struct RangeRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// `etcdserverpb.RangeRequest.SortOrder`. An open enum, as proto3 has them.
  public struct SortOrder: RawRepresentable, Equatable, Sendable {
    /// The number on the wire.
    public var rawValue: Int32

    /// Any number, known here or not.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// By the key, ascending, unless there is another target.
    public static let none = Self(rawValue: 0)
    /// The lowest first.
    public static let ascending = Self(rawValue: 1)
    /// The highest first.
    public static let descending = Self(rawValue: 2)
  }

  /// `etcdserverpb.RangeRequest.SortTarget`. An open enum, as proto3 has them.
  public struct SortTarget: RawRepresentable, Equatable, Sendable {
    /// The number on the wire.
    public var rawValue: Int32

    /// Any number, known here or not.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// By the bytes of the key.
    public static let key = Self(rawValue: 0)
    /// By how often it was written.
    public static let version = Self(rawValue: 1)
    /// By when it was made.
    public static let createRevision = Self(rawValue: 2)
    /// By when it was last written.
    public static let modRevision = Self(rawValue: 3)
    /// By the bytes of the value.
    public static let value = Self(rawValue: 4)
  }

  /// Which keys it is about.
  public var keys: KeyRange
  /// The most keys that are answered; 0: all.
  public var limit: Int64 = 0
  /// When in history to look.
  public var revision = Revision.current
  /// In which order the keys are answered.
  public var sortOrder = SortOrder.none
  /// By what they are ordered.
  public var sortTarget = SortTarget.key
  /// Answered by the member asked, from what it has, which may be old.
  public var isSerializable = false
  /// Without values.
  public var isKeysOnly = false
  /// Only how many there are.
  public var isCountOnly = false
  /// Only keys made at or before it; `.current`: all.
  public var createRevisionMax = Revision.current

  /// About `keys`, and otherwise as etcd does it by default.
  public init(_ keys: KeyRange) { self.keys = keys }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(KeyRange(start: [], end: []))
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.keys.start = [UInt8](copying: try reader.bytes(field))
      case 2: self.keys.end = [UInt8](copying: try reader.bytes(field))
      case 3: self.limit = try reader.int64(field)
      case 4: self.revision.rawValue = try reader.int64(field)
      case 5: self.sortOrder.rawValue = try reader.int32(field)
      case 6: self.sortTarget.rawValue = try reader.int32(field)
      case 7: self.isSerializable = try reader.bool(field)
      case 8: self.isKeysOnly = try reader.bool(field)
      case 9: self.isCountOnly = try reader.bool(field)
      case 13: self.createRevisionMax.rawValue = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.keys.start.span.bytes)
    sink.bytes(field: 2, self.keys.end.span.bytes)
    sink.int64(field: 3, self.limit)
    sink.int64(field: 4, self.revision.rawValue)
    sink.int32(field: 5, self.sortOrder.rawValue)
    sink.int32(field: 6, self.sortTarget.rawValue)
    sink.bool(field: 7, self.isSerializable)
    sink.bool(field: 8, self.isKeysOnly)
    sink.bool(field: 9, self.isCountOnly)
    sink.int64(field: 13, self.createRevisionMax.rawValue)
  }
}

/// `etcdserverpb.RangeResponse`.
public struct RangeResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// In the order asked for; by the key, unless another was.
  public var keyValues: [KeyValue] = []
  /// There are more keys than the limit let through.
  public var hasMore = false
  /// How many keys there are, without the limit.
  public var count: Int64 = 0

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.keyValues.append(try KeyValue(from: try reader.message(field)))
      case 3: self.hasMore = try reader.bool(field)
      case 4: self.count = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    for keyValue in self.keyValues { sink.message(field: 2, keyValue) }
    sink.bool(field: 3, self.hasMore)
    sink.int64(field: 4, self.count)
  }
}
