/// Has work for which no call waits leave most of a core to calls: after each piece comes a rest, so that no
/// more than a share of the time goes into it. No clock: time is an argument.
///
/// Where the rest before a piece took longer than it was to, the cores are in demand, and what comes now
/// keeps calls from them: rests grow, and shrink again once there is room.
struct WorkPace {
  /// Rests take so many times as long as work, at least and at most: a fifth of the time is work, or
  /// a fiftieth.
  static let restFactors = 4...49
  /// Shorter rests are put together, as each costs a wake-up.
  static let restMin: Duration = .microseconds(400)
  /// No rest is longer: a piece may have taken long for another reason.
  static let restMax: Duration = .milliseconds(20)
  /// A rest that takes this much too long was ended late for want of a core.
  static let latenessMax: Duration = .microseconds(300)

  private var factor = Self.restFactors.lowerBound
  private var owed: Duration = .zero

  /// A piece of work is done.
  ///
  /// - Returns: how long to rest before the next one; nil: not yet.
  mutating func worked(_ duration: Duration) -> Duration? {
    self.owed += duration * self.factor
    guard self.owed >= Self.restMin else { return nil }
    defer { self.owed = .zero }
    return min(self.owed, Self.restMax)
  }

  /// A rest is over.
  ///
  /// - Parameter lateness: by how much it was longer than it was to be.
  mutating func rested(lateness: Duration) {
    let factors = Self.restFactors
    self.factor =
      lateness > Self.latenessMax
      ? min(self.factor * 2, factors.upperBound) : max(self.factor - 1, factors.lowerBound)
  }
}
