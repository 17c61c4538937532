import Testing

@testable import HTTP2

/// A bucket that expectations may take from: they cannot call what is mutating.
private final class Bucket {
  private var bucket: TokenBucket

  init(burst: Int, perSecond: Int) { self.bucket = TokenBucket(burst: burst, perSecond: perSecond) }

  var tokens: Int { self.bucket.tokens }
  func take(_ count: Int = 1, now: UInt64) -> Bool { self.bucket.take(count, now: now) }
  func give(_ count: Int) { self.bucket.give(count) }
}

@Suite struct TokenBucketTests {
  @Test func `a full bucket gives its burst, and not one more`() {
    let bucket = Bucket(burst: 3, perSecond: 1)
    #expect((0..<4).map { _ in bucket.take(now: 7 * second) } == [true, true, true, false])
  }

  @Test func `it refills at its rate, and no further than its burst`() {
    let bucket = Bucket(burst: 10, perSecond: 2)
    #expect(bucket.take(10, now: second))
    // Half a second for each.
    #expect(!bucket.take(now: second * 3 / 2 - 1))
    #expect(bucket.take(now: second * 3 / 2))
    #expect(bucket.take(4, now: second * 7 / 2))
    #expect(!bucket.take(now: second * 7 / 2))
    #expect(bucket.take(10, now: 1_000 * second))
    #expect(!bucket.take(now: 1_000 * second))
  }

  @Test func `looks closer together than a token takes to flow in lose none of it`() {
    let bucket = Bucket(burst: 1_000, perSecond: 3)
    #expect(bucket.take(1_000, now: second))
    var taken = 0
    // Ten seconds in steps of 10 ms.
    for step in 1...1_000 where bucket.take(now: second + UInt64(step) * second / 100) {
      taken += 1
    }
    #expect(taken == 30)
  }

  @Test func `what was refused is gone too, so that a flood gains nothing by asking`() {
    let bucket = Bucket(burst: 5, perSecond: 1)
    #expect(!bucket.take(6, now: 0))
    #expect(!bucket.take(now: 0))
  }

  @Test func `what is given is kept up to the burst`() {
    let bucket = Bucket(burst: 5, perSecond: 1)
    bucket.give(1_000_000)
    #expect(bucket.tokens == 5)
    #expect(bucket.take(5, now: 0))
    bucket.give(2)
    #expect(bucket.take(2, now: 0) && !bucket.take(now: 0))
  }

  @Test func `a clock that goes back or leaps ahead does no harm`() {
    let bucket = Bucket(burst: 1_000_000_000, perSecond: 1_000_000_000)
    #expect(bucket.take(now: 100 * second))
    #expect(bucket.take(now: 1))
    #expect(bucket.take(1_000_000_000, now: .max))
    #expect(!bucket.take(now: .max))
  }
}
