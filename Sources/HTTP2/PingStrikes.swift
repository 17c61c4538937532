/// Judges a client's PINGs (gRFC A8; grpc/grpc, doc/keepalive.md): one that comes too soon after the
/// last is a strike, and after so many strikes the client is told to stop. No clock: time is an
/// argument.
struct PingStrikes: Equatable {
  /// Least time between two PINGs, in nanoseconds; 0: PINGs are not judged.
  let intervalMin: UInt64
  /// Strikes that are borne.
  let strikesMax: Int
  private(set) var strikes = 0
  private var last: UInt64?
  /// Frames of calls that we had sent when the last PING came.
  private var framesSent = 0

  init(intervalMin: UInt64, strikesMax: Int) {
    self.intervalMin = intervalMin
    self.strikesMax = strikesMax
  }

  /// A PING came. Clients measure bandwidth and latency with PINGs while they receive, so one that
  /// comes after we sent HEADERS or DATA takes the strikes back.
  ///
  /// - Parameter framesSent: HEADERS and DATA that we have sent so far.
  /// - Returns: false where it is one too many.
  mutating func received(now: UInt64, framesSent: Int) -> Bool {
    guard self.intervalMin > 0 else { return true }
    defer {
      self.last = now
      self.framesSent = framesSent
    }
    guard framesSent == self.framesSent else {
      self.strikes = 0
      return true
    }
    guard let last = self.last, now < last + self.intervalMin else { return true }
    self.strikes += 1
    return self.strikes <= self.strikesMax
  }
}
