/// Where an answer came from. An open enum, as proto3 has them: a value that this code does not
/// know comes from a newer node and is kept as it is.
@frozen public struct Source: RawRepresentable, Equatable, Sendable {
  /// The number on the wire.
  public var rawValue: Int32

  /// Any number, known here or not.
  @inlinable
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The node that owns the key.
  @inlinable
  public static var owner: Self { Self(rawValue: 0) }
  /// A replica of the owner: possibly behind it.
  @inlinable
  public static var replica: Self { Self(rawValue: 1) }
  /// The entry node's copy of a hot key: at most the configured staleness behind.
  @inlinable
  public static var nearCache: Self { Self(rawValue: 2) }
}

/// What a write waits for before it is acknowledged. Open, as `Source` is.
@frozen public struct Durability: RawRepresentable, Equatable, Sendable {
  /// The number on the wire.
  public var rawValue: Int32

  /// Any number, known here or not.
  @inlinable
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The key's owner holds it.
  @inlinable
  public static var owner: Self { Self(rawValue: 0) }
  /// Every owner of the key holds it.
  @inlinable
  public static var all: Self { Self(rawValue: 1) }
}
