public import Wire

/// What a `Hit` holds beside the value.
///
/// A large value is never copied into a message: the transport sends the bytes before it, then the
/// value from where it is stored, then the bytes after it. This type gives those two parts; with
/// the value between them they are exactly the bytes of the whole `Hit`.
///
///     0A <value size>   <value>   10 <version> 18 <ttl> 20 <flags> 28 <source> 30 <stale>
///     └─── prefix ───┘            └────────────── suffix, defaults left out ─────────────┘
@frozen public struct HitInfo: Equatable, Sendable {
  /// Grows with every write of the key; for `if_version`.
  public var version: UInt64
  /// Milliseconds left. 0: the entry does not expire.
  public var ttlMilliseconds: UInt64
  /// As given to Set.
  public var flags: UInt32
  /// Where the answer came from.
  public var source: Source
  /// True where the answer may be older than the newest acknowledged write.
  public var isStale: Bool

  /// All fields have their defaults unless given.
  @inlinable
  public init(
    version: UInt64 = 0, ttlMilliseconds: UInt64 = 0, flags: UInt32 = 0, source: Source = .owner,
    isStale: Bool = false
  ) {
    self.version = version
    self.ttlMilliseconds = ttlMilliseconds
    self.flags = flags
    self.source = source
    self.isStale = isStale
  }

  /// The size of a whole `Hit` with a value of `valueSize` bytes.
  @inlinable
  public func hitSize(valueSize: Int) -> Int {
    var counter = SizeCounter()
    self.encodePrefix(valueSize: valueSize, into: &counter)
    counter.skip(byteCount: valueSize)
    self.encodeSuffix(into: &counter)
    return counter.size
  }

  /// The bytes of a `Hit` before a value of `valueSize` bytes: none at all for an empty value.
  @inlinable
  @_lifetime(sink: copy sink)
  public func encodePrefix<Sink: FieldSink & ~Copyable & ~Escapable>(
    valueSize: Int, into sink: inout Sink
  ) {
    guard valueSize > 0 else { return }
    sink.lengthPrefix(field: 1, size: valueSize)
  }

  /// The bytes of a `Hit` behind its value.
  @inlinable
  @_lifetime(sink: copy sink)
  public func encodeSuffix<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint64(field: 2, self.version)
    sink.uint64(field: 3, self.ttlMilliseconds)
    sink.uint32(field: 4, self.flags)
    sink.int32(field: 5, self.source.rawValue)
    sink.bool(field: 6, self.isStale)
  }
}
