/// Has work for which no call waits leave most of a core to calls: it rests after each piece, so that no more
/// than a share of the time goes into it. No clock: time is an argument.
///
/// A piece that takes long because others have the cores has a longer rest behind it, so that the work gives
/// way where there is least to share.
struct WorkPace {
  /// Rests take so many times as long as work: a fifth of the time is work.
  static let restFactor = 4
  /// Shorter rests are put together, as each costs a timer.
  static let restMin: Duration = .milliseconds(2)
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

extension MigrationRegister {
  /// Rests, if it is time to, after a piece of a migration that began at `start`; not where migrations are
  /// to go as fast as they can.
  func rest(_ pace: inout WorkPace, since start: ContinuousClock.Instant) async throws {
    guard self.bytesPerSecond > 0, let rest = pace.worked(start.duration(to: .now)) else {
      return await Task.yield()
    }
    try await Task.sleep(for: rest)
  }
}
