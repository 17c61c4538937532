public import Wire

/// `etcdserverpb.PutRequest`: writes one key.
public struct PutRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Its name, any bytes but none.
  public var key: [UInt8]
  /// Any bytes.
  public var value: [UInt8]
  /// What the key ends with.
  public var lease = LeaseID.none
  /// Asks for the key as it was before.
  public var wantsPrevious = false
  /// Leaves the value as it is.
  public var keepsValue = false
  /// Leaves the lease as it is.
  public var keepsLease = false

  /// Writes `value` to `key`.
  public init(_ key: [UInt8], _ value: [UInt8], lease: LeaseID = .none) {
    self.key = key
    self.value = value
    self.lease = lease
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init([], [])
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = [UInt8](copying: try reader.bytes(field))
      case 2: self.value = [UInt8](copying: try reader.bytes(field))
      case 3: self.lease.rawValue = try reader.int64(field)
      case 4: self.wantsPrevious = try reader.bool(field)
      case 5: self.keepsValue = try reader.bool(field)
      case 6: self.keepsLease = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.key.span.bytes)
    sink.bytes(field: 2, self.value.span.bytes)
    sink.int64(field: 3, self.lease.rawValue)
    sink.bool(field: 4, self.wantsPrevious)
    sink.bool(field: 5, self.keepsValue)
    sink.bool(field: 6, self.keepsLease)
  }
}

/// `etcdserverpb.PutResponse`.
public struct PutResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// The key as it was before, if that was asked for and it was there.
  public var previous: KeyValue?

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.previous = try KeyValue(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    if let previous = self.previous { sink.message(field: 2, previous) }
  }
}

/// `etcdserverpb.DeleteRangeRequest`: deletes keys.
public struct DeleteRangeRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Which keys it is about.
  public var keys: KeyRange
  /// Asks for the keys as they were before.
  public var wantsPrevious = false

  /// About `keys`, and otherwise as etcd does it by default.
  public init(_ keys: KeyRange) { self.keys = keys }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(KeyRange(start: [], end: []))
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.keys.start = [UInt8](copying: try reader.bytes(field))
      case 2: self.keys.end = [UInt8](copying: try reader.bytes(field))
      case 3: self.wantsPrevious = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.keys.start.span.bytes)
    sink.bytes(field: 2, self.keys.end.span.bytes)
    sink.bool(field: 3, self.wantsPrevious)
  }
}

/// `etcdserverpb.DeleteRangeResponse`.
public struct DeleteRangeResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// How many keys were deleted.
  public var deleted: Int64 = 0
  /// The keys as they were before, if that was asked for.
  public var previous: [KeyValue] = []

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.deleted = try reader.int64(field)
      case 3: self.previous.append(try KeyValue(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.int64(field: 2, self.deleted)
    for keyValue in self.previous { sink.message(field: 3, keyValue) }
  }
}

/// `etcdserverpb.CompactionRequest`: has etcd forget what was before a revision.
public struct CompactionRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// The oldest that can be read afterwards.
  public var revision: Revision
  /// Answered only when the space is free.
  public var isPhysical = false

  /// Asks for all before `revision` to be forgotten.
  public init(_ revision: Revision) { self.revision = revision }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(.current)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.revision.rawValue = try reader.int64(field)
      case 2: self.isPhysical = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.revision.rawValue)
    sink.bool(field: 2, self.isPhysical)
  }
}
