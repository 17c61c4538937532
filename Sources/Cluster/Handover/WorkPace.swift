/// Has work for which no call waits leave most of a core to calls: after each piece comes a rest, so that no
/// more than a share of the time goes into it. No clock: time is an argument.
///
/// A piece that takes long because others have the cores has a longer rest behind it, so that the work gives
/// way where there is least to share.
struct WorkPace {
  /// Rests take so many times as long as work: a fifth of the time is work.
  static let restFactor = 4
  /// Shorter rests are put together, as each costs a wake-up.
  static let restMin: Duration = .microseconds(400)
  /// No rest is longer: a piece may have taken long for another reason.
  static let restMax: Duration = .milliseconds(20)

  private var owed: Duration = .zero

  /// A piece of work is done.
  ///
  /// - Returns: how long to rest before the next one; nil: not yet.
  mutating func worked(_ duration: Duration) -> Duration? {
    self.owed += duration * Self.restFactor
    guard self.owed >= Self.restMin else { return nil }
    defer { self.owed = .zero }
    return min(self.owed, Self.restMax)
  }
}
