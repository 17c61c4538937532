public import Wire

/// `etcdserverpb.LeaseGrantRequest`.
public struct LeaseGrantRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// How long the lease lasts without being kept alive, in seconds.
  public var ttlSeconds: Int64
  /// `.none`: etcd chooses one.
  public var id: LeaseID

  /// Asks for a lease.
  public init(ttlSeconds: Int64, id: LeaseID = .none) {
    self.ttlSeconds = ttlSeconds
    self.id = id
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(ttlSeconds: 0)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.ttlSeconds = try reader.int64(field)
      case 2: self.id.rawValue = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.ttlSeconds)
    sink.int64(field: 2, self.id.rawValue)
  }
}

/// `etcdserverpb.LeaseGrantResponse`.
public struct LeaseGrantResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// Of the lease that the answer is about.
  public var id = LeaseID.none
  /// What etcd has made of the time asked for, in seconds.
  public var ttlSeconds: Int64 = 0
  /// Not empty: why there is no lease.
  public var error = ""

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.id.rawValue = try reader.int64(field)
      case 3: self.ttlSeconds = try reader.int64(field)
      case 4: self.error = String(copyingUTF8: try reader.string(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.int64(field: 2, self.id.rawValue)
    sink.int64(field: 3, self.ttlSeconds)
    sink.string(field: 4, self.error)
  }
}

/// `etcdserverpb.LeaseRevokeRequest` and `etcdserverpb.LeaseKeepAliveRequest`, which are alike: a
/// lease, and nothing more.
public struct LeaseRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of the lease that it is about.
  public var id: LeaseID

  /// About the lease `id`.
  public init(_ id: LeaseID) { self.id = id }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(.none)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id.rawValue = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.id.rawValue)
  }
}

/// `etcdserverpb.LeaseKeepAliveResponse`.
public struct LeaseKeepAliveResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// Of the lease that the answer is about.
  public var id = LeaseID.none
  /// What is left, in seconds; 0: there is no such lease.
  public var ttlSeconds: Int64 = 0

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.id.rawValue = try reader.int64(field)
      case 3: self.ttlSeconds = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.int64(field: 2, self.id.rawValue)
    sink.int64(field: 3, self.ttlSeconds)
  }
}

/// `etcdserverpb.LeaseTimeToLiveRequest`.
public struct LeaseTimeToLiveRequest: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of the lease that it is about.
  public var id: LeaseID
  /// Asks for the keys that are tied to the lease.
  public var wantsKeys: Bool

  /// About the lease `id`.
  public init(_ id: LeaseID, wantsKeys: Bool = false) {
    self.id = id
    self.wantsKeys = wantsKeys
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(.none)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id.rawValue = try reader.int64(field)
      case 2: self.wantsKeys = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.id.rawValue)
    sink.bool(field: 2, self.wantsKeys)
  }
}

/// `etcdserverpb.LeaseTimeToLiveResponse`.
public struct LeaseTimeToLiveResponse: WireMessage, WireDecodable, Equatable, Sendable {
  /// Who answers, and when in its history.
  public var header = ResponseHeader()
  /// Of the lease that the answer is about.
  public var id = LeaseID.none
  /// What is left, in seconds; -1: there is no such lease.
  public var ttlSeconds: Int64 = 0
  /// What the lease began with, in seconds.
  public var grantedSeconds: Int64 = 0
  /// That are tied to the lease, where they were asked for.
  public var keys: [[UInt8]] = []

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.id.rawValue = try reader.int64(field)
      case 3: self.ttlSeconds = try reader.int64(field)
      case 4: self.grantedSeconds = try reader.int64(field)
      case 5: self.keys.append([UInt8](copying: try reader.bytes(field)))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.int64(field: 2, self.id.rawValue)
    sink.int64(field: 3, self.ttlSeconds)
    sink.int64(field: 4, self.grantedSeconds)
    for key in self.keys { sink.bytes(field: 5, key.span.bytes, presence: .explicit) }
  }
}
