import NIOCore
import Testing

@testable import Node

@Suite struct TokenBucketTests {
  private let start = NIODeadline.uptimeNanoseconds(1_000)

  @Test func `a full bucket gives its burst at once, and then one call as each comes in`() {
    let rate = TokenBucket.Rate(perSecond: 10, burst: 3)
    var bucket = TokenBucket(rate, now: self.start)
    for _ in 0..<3 { #expect(bucket.take(rate, now: self.start) == nil) }
    #expect(bucket.take(rate, now: self.start) == .milliseconds(100))
    #expect(
      bucket.take(rate, now: self.start + .milliseconds(40)) == .milliseconds(60))
    #expect(
      bucket.take(rate, now: self.start + .nanoseconds(99_999_999)) == .nanoseconds(1))
    #expect(bucket.take(rate, now: self.start + .milliseconds(100)) == nil)
    #expect(bucket.take(rate, now: self.start + .milliseconds(100)) == .milliseconds(100))
  }

  @Test func `it never holds more than its burst, however long the pause`() {
    let rate = TokenBucket.Rate(perSecond: 1_000_000_000, burst: 2)
    var bucket = TokenBucket(rate, now: .uptimeNanoseconds(0))
    // So long that what comes in meanwhile is beyond what 64 bits count.
    let late = NIODeadline.uptimeNanoseconds(UInt64(Int64.max) - 1)
    for _ in 0..<2 { #expect(bucket.take(rate, now: late) == nil) }
    #expect(bucket.take(rate, now: late) == .nanoseconds(1))
  }

  @Test func `a burst of 0 is that of a second`() {
    #expect(TokenBucket.Rate(perSecond: 7, burst: 0).burst == 7)
  }

  @Test func `a clock that goes back fills nothing and takes nothing away`() {
    let rate = TokenBucket.Rate(perSecond: 1_000, burst: 1)
    var bucket = TokenBucket(rate, now: self.start + .seconds(1))
    #expect(bucket.take(rate, now: self.start) == nil)
    #expect(bucket.take(rate, now: self.start) == .milliseconds(1))
    #expect(bucket.take(rate, now: self.start + .seconds(1)) == .milliseconds(1))
    #expect(bucket.take(rate, now: self.start + .milliseconds(1_001)) == nil)
  }

  /// A rate that does not divide a second: what is rounded for one call must not add up.
  @Test(arguments: [(3, 1), (7, 2), (999, 10), (700_001, 5), (999_999_999, 1)])
  func `over a long time exactly the rate goes through`(perSecond: Int, burst: Int) {
    let rate = TokenBucket.Rate(perSecond: perSecond, burst: burst)
    var now = self.start
    var bucket = TokenBucket(rate, now: now)
    var taken = 0
    // Each time after exactly the wait that was told.
    while taken < 10_000 {
      guard let wait = bucket.take(rate, now: now) else {
        taken += 1
        continue
      }
      now = now + wait
    }
    let elapsed = Double((now - self.start).nanoseconds)
    let due = Double(taken - burst) / Double(perSecond) * 1e9
    // A bucket of one call cannot keep what a wait was rounded up by: at most 1 ns for each call.
    #expect(elapsed >= due && elapsed <= due + Double(burst == 1 ? taken : 1))
  }
}
