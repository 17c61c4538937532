/// Has work for which no call waits leave most of a core to calls: after each piece comes a rest, so that no
/// more than a share of the time goes into it. No clock: time is an argument.
///
/// A piece that takes long because others have the cores has a longer rest behind it, so that the work gives
/// way where there is least to share.
struct WorkPace {
  /// How long rests are. The raw value: as many times as long as work.
  enum Speed: Int {
    /// No rests.
    case full = 0
    /// A fifth of the time is work.
    case hurried = 4
    /// A seventeenth of it is.
    case gentle = 16
  }

  /// Shorter rests are put together, as each costs a wake-up.
  static let restMin: Duration = .microseconds(400)
  /// No rest is longer: a piece may have taken long for another reason.
  static let restMax: Duration = .milliseconds(20)

  private var owed: Duration = .zero

  /// A piece of work is done.
  ///
  /// - Returns: how long to rest before the next one; nil: not yet.
  mutating func worked(_ duration: Duration, at speed: Speed) -> Duration? {
    self.owed += duration * speed.rawValue
    guard self.owed >= Self.restMin else { return nil }
    defer { self.owed = .zero }
    return min(self.owed, Self.restMax)
  }
}
