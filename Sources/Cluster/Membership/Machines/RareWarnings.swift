/// Decides which warnings about one thing that goes on being wrong are told: each when it is new, and from
/// time to time while it lasts. No I/O and no clock.
struct RareWarnings {
  typealias Instant = ContinuousClock.Instant

  /// Between two times that the same is told.
  static let interval: Duration = .seconds(60)
  /// Of texts that are remembered. One that was forgotten is told again.
  static let textsMax = 8

  /// When each text was told last.
  private var told: [String: Instant] = [:]

  /// Whether the text is to be told now.
  mutating func admits(_ text: String, _ now: Instant) -> Bool {
    self.told = self.told.filter { now < $0.value + Self.interval }
    guard self.told[text] == nil else { return false }
    if self.told.count >= Self.textsMax { self.told = [:] }
    self.told[text] = now
    return true
  }
}
