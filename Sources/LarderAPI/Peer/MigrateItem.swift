public import Wire

/// What a node holds under a key, as a migration carries it.
@frozen public struct MigrateItem: WireMessage, WireDecodable, ~Escapable {
  /// UTF-8. Empty: the default namespace.
  public var namespace: RawSpan
  /// UTF-8.
  public var key: RawSpan
  public var content: Content

  /// What the store has under the key.
  @frozen public enum Content: ~Escapable {
    /// None of these: what a newer node sends is not known here.
    case unset
    case entry(EntryCopy)
    /// The version of a delete that the node remembers.
    case tombstone(UInt64)
  }

  @inlinable
  @_lifetime(copy namespace, copy key, copy content)
  public init(namespace: RawSpan, key: RawSpan, content: Content) {
    self.namespace = namespace
    self.key = key
    self.content = content
  }

  @inlinable
  @_lifetime(copy reader)
  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(namespace: RawSpan(), key: RawSpan(), content: .unset)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.namespace = try reader.string(field)
      case 2: self.key = try reader.string(field)
      case 3:
        var entry = EntryCopy(value: RawSpan(), version: 0, ttlMilliseconds: 0, flags: 0)
        if case .entry(let earlier) = self.content { entry = earlier }
        try entry.merge(from: try reader.message(field))
        self.content = .entry(entry)
      case 4: self.content = .tombstone(try reader.uint64(field))
      default: try reader.skip(field)
      }
    }
  }

  @inlinable
  @_lifetime(sink: copy sink)
  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.string(field: 1, utf8: self.namespace)
    sink.string(field: 2, utf8: self.key)
    switch self.content {
    case .unset: break
    case .entry(let entry): sink.message(field: 3, entry)
    case .tombstone(let version): sink.uint64(field: 4, version, presence: .explicit)
    }
  }

  /// What `encodedSize` of an item would say that holds an entry, by the sizes of what is in it.
  ///
  /// - Parameter entryBytes: what `EntryCopy.encodedSize` says.
  public static func encodedSize(namespaceBytes: Int, keyBytes: Int, entryBytes: Int) -> Int {
    var counter = SizeCounter()
    counter.bytes(field: 1, count: namespaceBytes)
    counter.bytes(field: 2, count: keyBytes)
    // Written even when it is empty: a member of a oneof.
    counter.lengthPrefix(field: 3, size: entryBytes)
    counter.skip(byteCount: entryBytes)
    return counter.size
  }
}

/// Under a key that a node knows nothing of, a copy of this version or an older one may have been deleted.
@frozen public struct Floor: WireMessage, WireDecodable, Hashable, Sendable {
  /// Which of 4,096 equal parts of the hashes, ascending.
  public var cell: UInt32
  public var version: UInt64

  public init(cell: UInt32, version: UInt64) {
    self.cell = cell
    self.version = version
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(cell: 0, version: 0)
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.cell = try reader.uint32(field)
      case 2: self.version = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint32(field: 1, self.cell)
    sink.uint64(field: 2, self.version)
  }
}
