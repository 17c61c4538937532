public import Wire

/// `etcdserverpb.Compare`: a condition of a transaction on one key, or on each of a range.
public struct Compare: WireMessage, WireDecodable, Equatable, Sendable {
  /// `etcdserverpb.Compare.CompareResult`. An open enum, as proto3 has them.
  public struct Relation: RawRepresentable, Equatable, Sendable {
    /// The number on the wire.
    public var rawValue: Int32

    /// Any number, known here or not.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// What the key has is what is given.
    public static let equal = Self(rawValue: 0)
    /// What the key has is above what is given.
    public static let greater = Self(rawValue: 1)
    /// What the key has is below what is given.
    public static let less = Self(rawValue: 2)
    /// What the key has is not what is given.
    public static let notEqual = Self(rawValue: 3)
  }

  /// What is compared, and with what.
  public enum Target: Equatable, Sendable {
    /// How often the key was written; 0: it is not there.
    case version(Int64)
    /// When it was made; `.current`: it is not there.
    case createRevision(Revision)
    /// When it was last written; `.current`: it is not there.
    case modRevision(Revision)
    case value([UInt8])
    case lease(LeaseID)
  }

  /// Which keys it is about.
  public var keys: KeyRange
  /// What must hold between the two.
  public var relation: Relation
  /// What of the keys is compared, and with what.
  public var target: Target

  /// The condition that each of `keys` has `relation` to `target`.
  public init(_ keys: KeyRange, _ relation: Relation, _ target: Target) {
    self.keys = keys
    self.relation = relation
    self.target = target
  }

  /// The key is not there.
  public static func isAbsent(_ key: [UInt8]) -> Compare {
    Compare(.key(key), .equal, .createRevision(.current))
  }

  public init(from reader: consuming WireReader) throws(WireError) {
    self.init(KeyRange(start: [], end: []), .equal, .version(0))
    var number: Int32 = 0
    var value: Target?
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.relation.rawValue = try reader.int32(field)
      case 2: number = try reader.int32(field)
      case 3: self.keys.start = [UInt8](copying: try reader.bytes(field))
      case 4: value = .version(try reader.int64(field))
      case 5: value = .createRevision(Revision(rawValue: try reader.int64(field)))
      case 6: value = .modRevision(Revision(rawValue: try reader.int64(field)))
      case 7: value = .value([UInt8](copying: try reader.bytes(field)))
      case 8: value = .lease(LeaseID(rawValue: try reader.int64(field)))
      case 64: self.keys.end = [UInt8](copying: try reader.bytes(field))
      default: try reader.skip(field)
      }
    }
    self.target = value ?? Self.target(number)
  }

  /// That of a message which names a target and leaves out its value.
  private static func target(_ number: Int32) -> Target {
    switch number {
    case 1: .createRevision(.current)
    case 2: .modRevision(.current)
    case 3: .value([])
    case 4: .lease(.none)
    default: .version(0)
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.int32(field: 1, self.relation.rawValue)
    switch self.target {
    case .version: break
    case .createRevision: sink.int32(field: 2, 1)
    case .modRevision: sink.int32(field: 2, 2)
    case .value: sink.int32(field: 2, 3)
    case .lease: sink.int32(field: 2, 4)
    }
    sink.bytes(field: 3, self.keys.start.span.bytes)
    switch self.target {
    case .version(let version): sink.int64(field: 4, version, presence: .explicit)
    case .createRevision(let revision):
      sink.int64(field: 5, revision.rawValue, presence: .explicit)
    case .modRevision(let revision):
      sink.int64(field: 6, revision.rawValue, presence: .explicit)
    case .value(let value): sink.bytes(field: 7, value.span.bytes, presence: .explicit)
    case .lease(let lease): sink.int64(field: 8, lease.rawValue, presence: .explicit)
    }
    sink.bytes(field: 64, self.keys.end.span.bytes)
  }
}
