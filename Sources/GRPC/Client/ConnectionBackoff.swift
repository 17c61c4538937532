public import NIOCore

/// How long to wait between attempts to connect (grpc/grpc, doc/connection-backoff.md). No I/O, no
/// clock and no dice: time and chance are arguments.
public struct ConnectionBackoff {
  private let configuration: BackoffConfiguration
  /// The wait after the next failure, before jitter.
  private var current: TimeAmount

  /// The next failure is a first one.
  public init(_ configuration: BackoffConfiguration) {
    self.configuration = configuration
    self.current = configuration.initial
  }

  /// An attempt that began at `start` has failed.
  ///
  /// - Parameter chance: -1 to 1, evenly distributed.
  /// - Returns: when the next may begin.
  public mutating func failed(startedAt start: NIODeadline, chance: Double) -> NIODeadline {
    let wait = Double(self.current.nanoseconds)
    let jittered = wait * (1 + self.configuration.jitter * chance)
    let longest = Double(self.configuration.max.nanoseconds)
    self.current = .nanoseconds(Int64(min(wait * self.configuration.multiplier, longest)))
    return start + .nanoseconds(Int64(jittered))
  }

  /// An attempt has succeeded: the next failure is a first one again.
  public mutating func succeeded() { self.current = self.configuration.initial }
}
