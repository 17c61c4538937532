public import Wire

/// A point in the history of one etcd: each write makes the next. 0 in a request: the present.
public struct Revision: RawRepresentable, Hashable, Comparable, Sendable {
  /// As etcd counts.
  public var rawValue: Int64

  /// A number that etcd gave.
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// What a request for the present has in place of a revision.
  public static let current = Self(rawValue: 0)

  /// The one after it. The last one that an Int64 can hold is its own successor.
  public var next: Revision {
    self.rawValue == .max ? self : Self(rawValue: self.rawValue + 1)
  }

  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension Revision: CustomStringConvertible {
  public var description: String { "\(self.rawValue)" }
}

/// A lease, which keys can be tied to: they end when it does.
public struct LeaseID: RawRepresentable, Hashable, Sendable {
  /// As etcd counts.
  public var rawValue: Int64

  /// A number that etcd gave.
  public init(rawValue: Int64) { self.rawValue = rawValue }

  /// No lease; in a grant, one that etcd chooses.
  public static let none = Self(rawValue: 0)
}

extension LeaseID: CustomStringConvertible {
  /// In hexadecimal, as `etcdctl` writes it.
  public var description: String {
    String(UInt64(bitPattern: self.rawValue), radix: 16)
  }
}

/// `etcdserverpb.ResponseHeader`: who answers, and when in its history.
public struct ResponseHeader: WireMessage, WireDecodable, Equatable, Sendable {
  /// Of the etcd as a whole.
  public var clusterID: UInt64 = 0
  /// Of the member that answers.
  public var memberID: UInt64 = 0
  /// Of the store, when the answer was made.
  public var revision = Revision.current
  /// Grows with each election among the members.
  public var raftTerm: UInt64 = 0

  /// A header to be filled in.
  public init() {}

  public init(from reader: consuming WireReader) throws(WireError) {
    while let field = try reader.nextField() {
      switch field.number {
      case 1: self.clusterID = try reader.uint64(field)
      case 2: self.memberID = try reader.uint64(field)
      case 3: self.revision.rawValue = try reader.int64(field)
      case 4: self.raftTerm = try reader.uint64(field)
      default: try reader.skip(field)
      }
    }
  }

  public func encode<Sink: FieldSink & ~Copyable & ~Escapable>(into sink: inout Sink) {
    sink.uint64(field: 1, self.clusterID)
    sink.uint64(field: 2, self.memberID)
    sink.int64(field: 3, self.revision.rawValue)
    sink.uint64(field: 4, self.raftTerm)
  }
}
