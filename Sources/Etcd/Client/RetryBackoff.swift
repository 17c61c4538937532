/// How long to wait before something that failed is tried again: longer after each failure, up to a
/// maximum. No clock and no dice: chance is an argument.
public struct RetryBackoff: Hashable, Sendable {
  /// After the first failure.
  public var initial: Duration
  /// After many, before jitter.
  public var max: Duration
  /// The part of a wait that is random, so that clients do not come back all at once; 0 to 1.
  public var jitter: Double

  /// Waits of these lengths.
  public init(
    initial: Duration = .milliseconds(100), max: Duration = .seconds(5), jitter: Double = 0.25
  ) {
    self.initial = initial
    self.max = max
    self.jitter = jitter
  }

  /// - Parameters:
  ///   - failures: in a row; none: no wait.
  ///   - chance: -1 to 1, evenly distributed.
  public func delay(afterFailures failures: Int, chance: Double) -> Duration {
    guard failures > 0 else { return .zero }
    // 2^30 times the least wait there is sense in is above any maximum.
    let doublings = min(failures - 1, 30)
    let wait = min(self.initial * (1 << doublings), self.max)
    return wait * (1 + self.jitter * chance)
  }
}
