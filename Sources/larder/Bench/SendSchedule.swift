/// When each call of an open loop is due, in nanoseconds since the load began: at a steady rate,
/// whatever the answers do, so that a slow answer cannot keep later calls from being measured
/// (Gil Tene's "coordinated omission").
///
/// Times lie on a grid of `gridNanoseconds`: at a high rate the calls of one grid step are due
/// together, as a burst. That is what a loop with timers can keep to, and it is the schedule that
/// latencies are measured from, so the grid never shows up as latency.
struct SendSchedule: Equatable, Sendable {
  /// 100 µs: well above what a timer of the kernel costs.
  static let gridNanoseconds: Int64 = 100_000

  /// Calls per second; above 0.
  let rate: Double
  /// Where this worker's share begins within the interval between two calls, 0..<1: workers take
  /// turns instead of sending all at once.
  let phase: Double

  /// When the call with this number, from 0, is due.
  func due(_ number: Int) -> Int64 {
    let exact = (Double(number) + self.phase) / self.rate * 1e9
    let step = (exact / Double(Self.gridNanoseconds)).rounded(.up)
    // A run lasts at most a day, which is 2^30 steps.
    return Int64(step) * Self.gridNanoseconds
  }

  /// How many calls are due by then.
  func dueCount(at nanoseconds: Int64) -> Int {
    guard nanoseconds >= 0 else { return 0 }
    let step = nanoseconds / Self.gridNanoseconds
    let exact = Double(step * Self.gridNanoseconds) / 1e9 * self.rate - self.phase
    var count = max(0, Int(exact.rounded(.down)))
    // The two roundings may disagree by one call; `due` decides.
    while self.due(count) <= nanoseconds { count += 1 }
    while count > 0 && self.due(count - 1) > nanoseconds { count -= 1 }
    return count
  }
}
