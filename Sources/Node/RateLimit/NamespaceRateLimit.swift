internal import NIOCore
internal import Synchronization

/// Holds a namespace to a rate of calls, all clients together. Exact: one bucket for all event loops,
/// under a lock that is held for one sum. Without a rate, every call may go on.
final class NamespaceRateLimit: Sendable {
  private struct State {
    var rate: TokenBucket.Rate
    var bucket: TokenBucket
  }

  private let state = Mutex<State?>(nil)

  /// From now on; nil: any number of calls. The bucket is full.
  func set(_ rate: TokenBucket.Rate?, now: NIODeadline = .now()) {
    self.state.withLock { state in
      state = rate.map { State(rate: $0, bucket: TokenBucket($0, now: now)) }
    }
  }

  /// Nil: the call may go on; else how long to wait until it could, and the rate.
  func take(now: NIODeadline) -> (delay: TimeAmount, perSecond: Int)? {
    self.state.withLock { state in
      guard var current = state else { return nil }
      let delay = current.bucket.take(current.rate, now: now)
      state = current
      return delay.map { ($0, current.rate.perSecond) }
    }
  }
}
