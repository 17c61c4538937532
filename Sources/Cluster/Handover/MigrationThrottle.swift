/// How fast all migrations of a node together may send. A token bucket that may go below zero: a batch
/// is sent whole as soon as nothing is owed, and what it was too large is waited for before the next
/// one. No clock: time is an argument.
struct MigrationThrottle {
  /// What may be sent at once after a pause, as time at the full rate.
  static let burst: Duration = .milliseconds(100)

  /// 0: as fast as it goes.
  private(set) var bytesPerSecond: Int
  /// Bytes that may be sent now; below 0: they were sent already.
  private var credit: Double
  /// Up to when the inflow was counted.
  private var refilledAt: ContinuousClock.Instant?

  /// - Parameter bytesPerSecond: 0: as fast as it goes.
  init(bytesPerSecond: Int) {
    precondition(bytesPerSecond >= 0, "a rate is not negative: the caller has checked")
    self.bytesPerSecond = bytesPerSecond
    self.credit = 0
    self.credit = self.fullCredit
  }

  /// The most that one batch should have, so that it is no burst by itself; nil: any.
  var batchBytes: Int? { self.bytesPerSecond == 0 ? nil : max(1, Int(self.fullCredit)) }

  /// Takes what the next batch will have.
  ///
  /// - Returns: nil: it may be sent; else after which time to ask again.
  mutating func take(_ bytes: Int, now: ContinuousClock.Instant) -> Duration? {
    guard self.bytesPerSecond > 0 else { return nil }
    self.refill(now)
    guard self.credit >= 0 else { return .seconds(-self.credit / Double(self.bytesPerSecond)) }
    self.credit -= Double(bytes)
    return nil
  }

  /// Puts back what was taken and not sent.
  mutating func giveBack(_ bytes: Int) {
    self.credit = min(self.fullCredit, self.credit + Double(bytes))
  }

  /// From now on. What is owed stays owed, and is paid at the new rate.
  mutating func setRate(_ bytesPerSecond: Int, now: ContinuousClock.Instant) {
    precondition(bytesPerSecond >= 0, "a rate is not negative: the caller has checked")
    self.refill(now)
    self.bytesPerSecond = bytesPerSecond
    self.credit = min(self.credit, self.fullCredit)
    if bytesPerSecond == 0 { self.credit = 0 }
  }

  private var fullCredit: Double { Double(self.bytesPerSecond) * (Self.burst / .seconds(1)) }

  private mutating func refill(_ now: ContinuousClock.Instant) {
    defer { self.refilledAt = now }
    // Time that was read on another thread a moment ago adds nothing.
    guard let last = self.refilledAt, now > last else { return }
    let inflow = (now - last) / .seconds(1) * Double(self.bytesPerSecond)
    self.credit = min(self.fullCredit, self.credit + inflow)
  }
}
