public import Wire

/// `mvccpb.KeyValue`: a key as etcd has it.
public struct KeyValue: WireMessage, WireDecodable, Hashable, Sendable {
  /// Its name, any bytes but none.
  public var key: [UInt8] = []
  /// At which the key was made, the last time it was.
  public var createRevision = Revision.current
  /// At which it was last written, or deleted.
  public var modRevision = Revision.current
  /// How often it was written since it was made, which is 1.
  public var version: Int64 = 0
  /// Any bytes.
  public var value: [UInt8] = []
  /// What the key ends with.
  public var lease = LeaseID.none

  /// A key to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.key = [UInt8](copying: try reader.bytes(field))
      case 2: self.createRevision.rawValue = try reader.int64(field)
      case 3: self.modRevision.rawValue = try reader.int64(field)
      case 4: self.version = try reader.int64(field)
      case 5: self.value = [UInt8](copying: try reader.bytes(field))
      case 6: self.lease.rawValue = try reader.int64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.bytes(field: 1, self.key.span.bytes)
    sink.int64(field: 2, self.createRevision.rawValue)
    sink.int64(field: 3, self.modRevision.rawValue)
    sink.int64(field: 4, self.version)
    sink.bytes(field: 5, self.value.span.bytes)
    sink.int64(field: 6, self.lease.rawValue)
  }
}

extension KeyValue {
  /// The key as text, repaired where it is not UTF-8.
  public var keyText: String { String(decoding: self.key, as: UTF8.self) }
}

/// `mvccpb.Event`: what happened to one key.
public struct WatchEvent: WireMessage, WireDecodable, Hashable, Sendable {
  /// `mvccpb.Event.EventType`. An open enum, as proto3 has them.
  public struct Kind: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public var rawValue: Int32

    /// Any number, known here or not.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The key was written.
    public static let put = Self(rawValue: 0)
    /// The key was deleted, or its lease has ended.
    public static let delete = Self(rawValue: 1)
  }

  /// Whether the key was written or deleted.
  public var kind = Kind.put
  /// The key as it is now. Of one that was deleted only `key` and `modRevision` are there: it has no
  /// value, so that whoever wants to know what is gone must read it from the key.
  public var keyValue = KeyValue()
  /// The key as it was before, for watches that ask for it; nil: there was none, or it is compacted.
  public var previous: KeyValue?

  /// An answer to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.kind.rawValue = try reader.int32(field)
      case 2: self.keyValue = try KeyValue(from: try reader.message(field))
      case 3: self.previous = try KeyValue(from: try reader.message(field))
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.kind.rawValue)
    sink.message(field: 2, self.keyValue)
    if let previous = self.previous { sink.message(field: 3, previous) }
  }
}
