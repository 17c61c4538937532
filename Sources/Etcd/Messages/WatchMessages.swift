internal import Wire

/// By which the two ends of a stream know a watch on it.
struct WireWatchID: RawRepresentable, Hashable, Sendable {
  var rawValue: Int64

  init(rawValue: Int64) { self.rawValue = rawValue }

  /// What answers have that are about no watch: replies to progress requests, and refusals.
  static let invalid = Self(rawValue: -1)
}

/// `etcdserverpb.WatchCreateRequest`.
struct WatchCreateRequest: WireMessage, WireDecodable, Equatable, Sendable {
  var keys: KeyRange
  /// The first that is of interest; `.current`: what comes from now on.
  var startRevision = Revision.current
  /// Asks for the keys as they were before.
  var wantsPrevious = false
  var id = WireWatchID(rawValue: 0)
  /// Large answers may come in pieces.
  var takesFragments = false

  init(_ keys: KeyRange) { self.keys = keys }

  init(from reader: consuming WireReader) throws(WireError) {
    self.init(KeyRange(start: [], end: []))
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.keys.start = [UInt8](copying: try reader.bytes(field))
      case 2: self.keys.end = [UInt8](copying: try reader.bytes(field))
      case 3: self.startRevision.rawValue = try reader.int64(field)
      case 6: self.wantsPrevious = try reader.bool(field)
      case 7: self.id.rawValue = try reader.int64(field)
      case 8: self.takesFragments = try reader.bool(field)
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.keys.start.span.bytes)
    sink.bytes(field: 2, self.keys.end.span.bytes)
    sink.int64(field: 3, self.startRevision.rawValue)
    sink.bool(field: 6, self.wantsPrevious)
    sink.int64(field: 7, self.id.rawValue)
    sink.bool(field: 8, self.takesFragments)
  }
}

/// `etcdserverpb.WatchRequest`: what a client says on a watch stream.
enum WatchRequest: WireMessage, WireDecodable, Equatable, Sendable {
  case create(WatchCreateRequest)
  case cancel(WireWatchID)
  case progress
  /// None that is known here.
  case none

  init(from reader: consuming WireReader) throws(WireError) {
    self = .none
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self = .create(try WatchCreateRequest(from: try reader.message(field)))
      case 2: self = .cancel(try WatchCancelRequest(from: try reader.message(field)).id)
      case 3:
        _ = try EmptyRequest(from: try reader.message(field))
        self = .progress
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .create(let request): sink.message(field: 1, request)
    case .cancel(let id): sink.message(field: 2, WatchCancelRequest(id: id))
    case .progress: sink.message(field: 3, EmptyRequest())
    case .none: break
    }
  }
}

/// `etcdserverpb.WatchCancelRequest`.
struct WatchCancelRequest: WireMessage, WireDecodable, Equatable, Sendable {
  var id: WireWatchID

  init(id: WireWatchID) { self.id = id }

  init(from reader: consuming WireReader) throws(WireError) {
    self.init(id: WireWatchID(rawValue: 0))
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.id.rawValue = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int64(field: 1, self.id.rawValue)
  }
}

/// `etcdserverpb.WatchResponse`: what etcd says on a watch stream.
struct WatchResponse: WireMessage, WireDecodable, Equatable, Sendable {
  var header = ResponseHeader()
  var id = WireWatchID(rawValue: 0)
  /// Answers a create request.
  var isCreated = false
  /// The watch has ended, whoever wanted it.
  var isCancelled = false
  /// Not `.current`: the watch has ended because what it should show is forgotten; the oldest
  /// revision that is left.
  var compactRevision = Revision.current
  var cancelReason = ""
  /// More of the same answer follows.
  var isFragment = false
  var events: [WatchEvent] = []

  init() {}

  init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.header = try ResponseHeader(from: try reader.message(field))
      case 2: self.id.rawValue = try reader.int64(field)
      case 3: self.isCreated = try reader.bool(field)
      case 4: self.isCancelled = try reader.bool(field)
      case 5: self.compactRevision.rawValue = try reader.int64(field)
      case 6: self.cancelReason = String(copyingUTF8: try reader.string(field))
      case 7: self.isFragment = try reader.bool(field)
      case 11: self.events.append(try WatchEvent(from: try reader.message(field)))
      default: try reader.skip(field)
      }
    }
  }

  func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.message(field: 1, self.header)
    sink.int64(field: 2, self.id.rawValue)
    sink.bool(field: 3, self.isCreated)
    sink.bool(field: 4, self.isCancelled)
    sink.int64(field: 5, self.compactRevision.rawValue)
    sink.string(field: 6, self.cancelReason)
    sink.bool(field: 7, self.isFragment)
    for event in self.events { sink.message(field: 11, event) }
  }
}
