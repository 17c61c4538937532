public import CacheStore

/// Hashes that this node owns, and whose entries are not all here yet: what event loops ask before they
/// serve a key. Immutable, swapped whole, as the routing table is.
public struct Arrivals: Sendable {
  /// What a call for such a key must do first.
  public enum State: Sendable, Hashable {
    /// Wait: another node may still serve the key.
    case unsealed
    /// Trust what is in the store with a version above this one. For anything else ask those that
    /// had the key before.
    case incoming(trustedAbove: Version)
  }

  /// Nothing is on its way.
  public static let none = Arrivals([])

  private let ranges: [(range: ClosedRange<UInt64>, state: State)]

  /// - Parameter arcs: which do not overlap.
  public init(_ arcs: [(arcs: ArcSet, state: State)]) {
    self.ranges =
      arcs
      .flatMap { part in part.arcs.ranges.map { (range: $0, state: part.state) } }
      .sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  public var isEmpty: Bool { self.ranges.isEmpty }

  /// Nil: whatever there is of the key is here.
  ///
  /// Takes time in proportion to the logarithm of the number of ranges.
  public func state(of hash: UInt64) -> State? {
    var low = 0
    var high = self.ranges.count
    while low < high {
      let middle = (low + high) / 2
      if self.ranges[middle].range.upperBound < hash { low = middle + 1 } else { high = middle }
    }
    guard low < self.ranges.count, self.ranges[low].range.lowerBound <= hash else { return nil }
    return self.ranges[low].state
  }
}
