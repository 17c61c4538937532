public import Wire

/// Asks what a node holds under some keys that it has sealed for the sender.
///
/// Read, the keys are a view over the request's bytes. A request is written a key at a time:
/// `encode(heir:namespace:into:)`, then `encode(key:into:)` for each.
public struct FetchRequest: WireMessage, WireDecodable, ~Escapable {
  /// The sender; nil: it does not say, and is refused.
  public var heir: ProcessID?
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan
  /// UTF-8, each.
  public var keys: RepeatedBytes

  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    let message = reader.remaining
    var count = 0
    self.namespace = RawSpan()
    self.keys = RepeatedBytes()
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.heir = try reader.processID(field, over: self.heir)
      case 2: self.namespace = try reader.string(field)
      case 3:
        _ = try reader.string(field)
        count += 1
      default: try reader.skip(field)
      }
    }
    self.keys = RepeatedBytes(validated: message, field: 3, count: count)
  }

  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    Self.encode(heir: self.heir, namespace: self.namespace, into: &sink)
    var keys = self.keys.makeIterator()
    while let key = keys.next() { Self.encode(key: key, into: &sink) }
  }

  /// Writes what stands before the keys. The namespace must be UTF-8.
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    heir: ProcessID?, namespace: RawSpan, into sink: inout Sink
  ) {
    if let heir { sink.message(field: 1, heir) }
    sink.string(field: 2, utf8: namespace)
  }

  /// Writes one key, which must be UTF-8.
  @_lifetime(sink: copy sink)
  public static func encode<Sink: FieldSink & ~Copyable & ~Escapable>(
    key: RawSpan, into sink: inout Sink
  ) {
    sink.string(field: 3, utf8: key, presence: .explicit)
  }
}

/// The answer to a Fetch: fewer results than keys where it is full, and the rest is to be asked for again.
public typealias FetchResponse = BatchResponse<FetchResult>

/// What a Fetch says about one key.
@frozen public enum FetchResult: WireMessage, WireDecodable, ~Escapable {
  /// None of these: what a newer node answered with is not known here.
  case unset
  /// The entry.
  case entry(EntryCopy)
  /// The version of a delete that the node remembers.
  case tombstone(UInt64)
  /// It knows nothing; a copy of this version or an older one may have been deleted there.
  case floor(UInt64)

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self = .unset
    while let field = try reader.nextField() {
      switch field.number {
      case 1:
        var entry = EntryCopy(value: RawSpan(), version: 0, ttlMilliseconds: 0, flags: 0)
        if case .entry(let earlier) = self { entry = earlier }
        try entry.merge(from: try reader.message(field))
        self = .entry(entry)
      case 2: self = .tombstone(try reader.uint64(field))
      case 3: self = .floor(try reader.uint64(field))
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    switch self {
    case .unset: break
    case .entry(let entry): sink.message(field: 1, entry)
    case .tombstone(let version): sink.uint64(field: 2, version, presence: .explicit)
    case .floor(let version): sink.uint64(field: 3, version, presence: .explicit)
    }
  }
}
