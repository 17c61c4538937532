/// So many events at once, and so many a second after that. No clock: time is an argument.
struct TokenBucket: Equatable {
  private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

  /// What the bucket holds when it is full, which it is at first.
  let burst: Int
  /// What flows in each second.
  let perSecond: Int
  private(set) var tokens: Int
  /// Up to when the inflow was counted: uptime in nanoseconds.
  private var refilledAt: UInt64 = 0

  /// - Parameters:
  ///   - burst: at least 1, and at most 10^9, as is `perSecond`: products with nanoseconds then fit.
  ///   - perSecond: at least 1.
  init(burst: Int, perSecond: Int) {
    precondition(burst > 0 && burst <= 1_000_000_000, "a burst of 1 to 10^9")
    precondition(perSecond > 0 && perSecond <= 1_000_000_000, "an inflow of 1 to 10^9")
    self.burst = burst
    self.perSecond = perSecond
    self.tokens = burst
  }

  /// Takes `count` tokens; false, and the bucket empty, where there are not so many.
  mutating func take(_ count: Int = 1, now: UInt64) -> Bool {
    self.refill(now)
    guard self.tokens >= count else {
      self.tokens = 0
      return false
    }
    self.tokens -= count
    return true
  }

  /// Puts `count` tokens in, as many as there is room for.
  mutating func give(_ count: Int) {
    self.tokens += min(count, self.burst - self.tokens)
  }

  private mutating func refill(_ now: UInt64) {
    // Time that stands still or was read on another thread a moment ago adds nothing.
    guard now > self.refilledAt else { return }
    let elapsed = now - self.refilledAt
    let inflow = UInt64(self.perSecond)
    // Time for the whole burst and a second more: below it the product is under 2 x 10^18.
    let secondsToFull = UInt64(self.burst) / inflow + 1
    guard elapsed / Self.nanosecondsPerSecond < secondsToFull else {
      self.refilledAt = now
      self.tokens = self.burst
      return
    }
    let gained = elapsed * inflow / Self.nanosecondsPerSecond
    // The part of a token that has flowed in already is kept: it counts from here on.
    self.refilledAt += gained * Self.nanosecondsPerSecond / inflow
    self.give(Int(gained))
  }
}
