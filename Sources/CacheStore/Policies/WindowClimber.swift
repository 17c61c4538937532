/// Finds the share of the cache that newcomers should have by hill climbing on the hit ratio, as
/// Einziger, Eytan, Friedman and Manes describe it in "Adaptive software cache management" (2018).
///
/// A pure machine: it hears of hits and misses, and changes `share`.
struct WindowClimber {
  /// Of the bytes, from 0 to 1.
  private(set) var share = Self.shareStart
  /// Down at first: the first sample, beside none before it, always looks like an improvement.
  private var step = -Self.stepStart
  private var hits = 0
  private var misses = 0
  private var previousRatio = 0.0

  private static let shareStart = 0.01
  private static let shareRange = 0.0...0.8
  private static let stepStart = 0.0625
  /// Of a step to the one before it, while the hit ratio hardly changes.
  private static let stepDecay = 0.98
  /// A change of the hit ratio by this much means that the traffic is another: large steps again.
  private static let restartChange = 0.05
  /// Operations between two steps: as many as the cache has entries, so that a large one, too, finds its
  /// share before the traffic is another; and so many that chance moves the ratio by a point at most.
  private static let sampleOperationsMin = 2_000

  mutating func hit() { self.hits += 1 }

  mutating func miss(entries: Int) {
    self.misses += 1
    let sample = max(entries, Self.sampleOperationsMin)
    guard self.hits + self.misses >= sample else { return }
    let ratio = Double(self.hits) / Double(self.hits + self.misses)
    let change = ratio - self.previousRatio
    let direction = change >= 0 ? self.step : -self.step
    let isOther = abs(change) >= Self.restartChange
    self.step =
      isOther ? (direction >= 0 ? Self.stepStart : -Self.stepStart) : direction * Self.stepDecay
    self.share = min(
      max(self.share + direction, Self.shareRange.lowerBound), Self.shareRange.upperBound)
    self.previousRatio = ratio
    (self.hits, self.misses) = (0, 0)
  }
}
