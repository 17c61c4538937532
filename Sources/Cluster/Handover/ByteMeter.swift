/// How many bytes a second something has moved lately. No clock: time is an argument.
struct ByteMeter {
  /// Over which the rate is taken.
  static let seconds = 5

  private let start: ContinuousClock.Instant
  /// Bytes by second, `Self.seconds` of them, the newest last.
  private var bySecond = [Int](repeating: 0, count: Self.seconds)
  /// Which second is the newest, counted from `start`.
  private var newest: Int64 = 0

  init(start: ContinuousClock.Instant) { self.start = start }

  mutating func add(_ bytes: Int, now: ContinuousClock.Instant) {
    self.move(to: self.second(now))
    self.bySecond[Self.seconds - 1] += bytes
  }

  /// Of the last seconds, or as many as there were.
  func bytesPerSecond(now: ContinuousClock.Instant) -> Int {
    var meter = self
    meter.move(to: self.second(now))
    let elapsed = (now - self.start) / .seconds(1)
    let ofNewest = elapsed - Double(meter.newest)
    let span = min(elapsed, Double(Self.seconds - 1) + ofNewest)
    // What has just begun has no rate yet.
    guard span >= 0.01 else { return 0 }
    return Int(Double(meter.bySecond.reduce(0, +)) / span)
  }

  private func second(_ now: ContinuousClock.Instant) -> Int64 {
    max(0, (now - self.start).components.seconds)
  }

  private mutating func move(to second: Int64) {
    guard second > self.newest else { return }
    let gone = Int(min(second - self.newest, Int64(Self.seconds)))
    self.bySecond.removeFirst(gone)
    self.bySecond += repeatElement(0, count: gone)
    self.newest = second
  }
}
