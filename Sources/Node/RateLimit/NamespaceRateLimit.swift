internal import NIOCore
internal import Synchronization

/// Holds a namespace to a rate of calls, all clients together. Exact: one bucket for all event loops,
/// under a lock that is held for one sum.
final class NamespaceRateLimit: Sendable {
  let rate: TokenBucket.Rate
  private let bucket: Mutex<TokenBucket>

  init(rate: TokenBucket.Rate, now: NIODeadline = .now()) {
    self.rate = rate
    self.bucket = Mutex(TokenBucket(rate, now: now))
  }

  /// Nil: the call may go on; else how long to wait until it could.
  func take(now: NIODeadline) -> TimeAmount? {
    self.bucket.withLock { $0.take(self.rate, now: now) }
  }
}
