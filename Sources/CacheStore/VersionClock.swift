internal import Synchronization

/// Gives out versions that only grow, to all threads of a node.
///
/// The store draws from it under the lock of the key's shard, so that for each key the order of
/// versions is the order of writes. Lock-free; one compare-and-swap for each version.
public final class VersionClock: Sendable {
  // Every write changes it: whatever lies beside it in memory must not be in its cache line.
  private let paddingBefore = InlineArray<8, UInt64>(repeating: 0)
  private let last: Atomic<UInt64>
  private let paddingAfter = InlineArray<8, UInt64>(repeating: 0)

  /// - Parameter start: Every version given out is above it.
  public init(above start: Version = .none) {
    self.last = Atomic(start.rawValue)
  }

  /// A version above every one given out or observed before.
  ///
  /// - Parameter wallMilliseconds: May stand still or go back; versions then count on.
  public func next(wallMilliseconds: UInt64) -> Version {
    let wall = Version(wallMilliseconds: wallMilliseconds).rawValue
    var seen = self.last.load(ordering: .relaxed)
    while true {
      let drawn = max(seen + 1, wall)
      // Relaxed is enough: a single atomic has one modification order, in which each exchange
      // stands above what it replaced; nothing else is published through it.
      let result = self.last.weakCompareExchange(
        expected: seen, desired: drawn, ordering: .relaxed)
      if result.exchanged { return Version(rawValue: drawn) }
      seen = result.original
    }
  }

  /// Makes all later versions larger than `version`, which came from another node.
  ///
  /// The caller first refuses versions too far ahead of its wall clock (`clock_skew_max`): a single
  /// absurd one would otherwise exhaust the range for good.
  public func observe(_ version: Version) {
    self.last.max(version.rawValue, ordering: .relaxed)
  }

  /// The newest version given out or observed.
  public var newest: Version { Version(rawValue: self.last.load(ordering: .relaxed)) }
}
