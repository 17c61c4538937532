/// Decides which endpoint is called: the one that was called last, until it fails; then the next that
/// is not left alone. No I/O, no clock and no dice: time and chance are arguments.
struct EndpointSelector {
  typealias Instant = ContinuousClock.Instant

  enum Choice: Equatable {
    case use(Int)
    /// All have failed lately; the first may be tried again then.
    case wait(until: Instant)
  }

  private struct Health {
    /// In a row.
    var failures = 0
    /// Left alone until then; nil: it has not failed.
    var retryAt: Instant?

    func isUsable(_ now: Instant) -> Bool { self.retryAt.map { now >= $0 } ?? true }
  }

  private let backoff: RetryBackoff
  private var healths: [Health]
  /// The one that is called as long as it is well.
  private(set) var current: Int

  /// - Parameters:
  ///   - count: of endpoints; at least one.
  ///   - first: the one to begin with.
  init(count: Int, first: Int, backoff: RetryBackoff) {
    precondition(count > 0 && first < count && first >= 0, "an endpoint to begin with")
    self.backoff = backoff
    self.healths = Array(repeating: Health(), count: count)
    self.current = first
  }

  /// Which endpoint a call goes to. One that has failed and waited is tried like any other.
  mutating func choose(_ now: Instant) -> Choice {
    for offset in self.healths.indices {
      let index = (self.current + offset) % self.healths.count
      if self.healths[index].isUsable(now) {
        self.current = index
        return .use(index)
      }
    }
    let times = self.healths.compactMap(\.retryAt)
    return .wait(until: times.min() ?? now)
  }

  /// The endpoint has answered.
  mutating func succeeded(_ index: Int) { self.healths[index] = Health() }

  /// The endpoint could not be reached, did not answer, or has no leader. Several calls that fail
  /// while it is left alone are one failure.
  ///
  /// - Parameter chance: -1 to 1, for the jitter.
  /// - Returns: whether it is news.
  mutating func failed(_ index: Int, _ now: Instant, chance: Double) -> Bool {
    guard self.healths[index].isUsable(now) else { return false }
    self.healths[index].failures += 1
    let delay = self.backoff.delay(
      afterFailures: self.healths[index].failures, chance: chance)
    self.healths[index].retryAt = now + delay
    if index == self.current { self.current = (index + 1) % self.healths.count }
    return true
  }

  /// How often the endpoint has failed in a row.
  func failures(of index: Int) -> Int { self.healths[index].failures }
}
