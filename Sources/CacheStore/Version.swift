/// A hybrid logical clock reading: what orders the writes of a key, on one node and across nodes.
///
/// ```
///  63                                      16 15             0
/// ┌──────────────────────────────────────────┬────────────────┐
/// │ milliseconds since 1970-01-01 UTC        │ counter        │
/// └──────────────────────────────────────────┴────────────────┘
/// ```
///
/// After Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (2014), packed into
/// 64 bits as its section 6 suggests. A full counter carries into the milliseconds, so the clock
/// then runs ahead of the wall; order is what it keeps, not time.
@frozen
public struct Version: RawRepresentable, Sendable, Hashable, Comparable {
  public var rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// Older than every write; stands for "there is no entry".
  public static let none = Self(rawValue: 0)

  /// The reading at `wallMilliseconds` with the counter at 0. Milliseconds past 48 bits (the year
  /// 10889) are cut to their range.
  @inlinable
  public init(wallMilliseconds: UInt64) {
    self.rawValue = min(wallMilliseconds, UInt64.max >> 16) << 16
  }

  /// The wall clock part, for telling how far ahead of one's own clock a version is.
  @inlinable
  public var milliseconds: UInt64 { self.rawValue >> 16 }

  @inlinable
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
