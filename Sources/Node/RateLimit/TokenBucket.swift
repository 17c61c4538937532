internal import NIOCore

/// A token bucket: fills up at a steady rate, and each call takes one token or has to wait for it.
///
/// Exact: counted in billionths of a call, of which `perSecond` come in each nanosecond, so nothing
/// is lost to rounding. No clock: the time is an argument. One that goes backwards, as it may between
/// event loops, fills nothing and takes nothing away.
struct TokenBucket: Equatable, Sendable {
  /// How fast buckets fill, and how much they hold.
  struct Rate: Equatable, Sendable {
    /// Calls, 1...1e9.
    let perSecond: Int
    /// Calls that may be made at once after a time without any, 1...1e9.
    let burst: Int

    /// - Parameter burst: 0: as many as come in a second.
    init(perSecond: Int, burst: Int) {
      precondition((1...Self.perSecondMax).contains(perSecond), "a rate is 1...1e9 a second")
      precondition((0...Self.perSecondMax).contains(burst), "a burst is 0...1e9")
      self.perSecond = perSecond
      self.burst = burst == 0 ? perSecond : burst
    }

    static let perSecondMax = 1_000_000_000

    /// Of a full bucket; at most 1e18.
    fileprivate var capacity: Int64 { Int64(self.burst) * TokenBucket.call }
  }

  /// One call, in the unit that `level` is counted in.
  private static let call: Int64 = 1_000_000_000

  private var level: Int64
  /// When `level` was right.
  private var filledAt: NIODeadline

  /// A full bucket.
  init(_ rate: Rate, now: NIODeadline) {
    self.level = rate.capacity
    self.filledAt = now
  }

  /// Takes a token for one call.
  ///
  /// - Returns: nil where there was one; else how long it takes until there is, and none is taken.
  mutating func take(_ rate: Rate, now: NIODeadline) -> TimeAmount? {
    self.fill(rate, now)
    guard self.level < Self.call else {
      self.level -= Self.call
      return nil
    }
    let missing = Self.call - self.level
    // Rounded up: after so long, it is there.
    let (nanoseconds, rest) = missing.quotientAndRemainder(dividingBy: Int64(rate.perSecond))
    return .nanoseconds(nanoseconds + (rest > 0 ? 1 : 0))
  }

  private mutating func fill(_ rate: Rate, _ now: NIODeadline) {
    guard now > self.filledAt else { return }
    let elapsed = (now - self.filledAt).nanoseconds
    self.filledAt = now
    let (filled, overflow) = elapsed.multipliedReportingOverflow(by: Int64(rate.perSecond))
    let room = rate.capacity - self.level
    self.level += overflow ? room : min(filled, room)
  }
}
