import NIOCore
import Testing

@testable import GRPC

@Suite struct DurationHistogramTests {
  @Test func `a duration at a bound falls below it, and one nanosecond more above`() {
    for (bucket, bound) in DurationHistogram.boundsNanoseconds.enumerated() {
      var histogram = DurationHistogram()
      histogram.add(.nanoseconds(bound), count: 1)
      histogram.add(.nanoseconds(bound + 1), count: 2)
      #expect(histogram.counts[bucket] == 1)
      #expect(histogram.counts[bucket + 1] == 2)
      #expect(histogram.count == 3)
      #expect(histogram.sumNanoseconds == bound * 3 + 2)
    }
  }

  @Test func `bounds rise, and there is one bucket more than bounds`() {
    let bounds = DurationHistogram.boundsNanoseconds
    #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 })
    #expect(DurationHistogram().counts.count == bounds.count + 1)
  }

  @Test func `sums add bucket by bucket`() {
    var left = DurationHistogram()
    left.add(.microseconds(1), count: 2)
    var right = DurationHistogram()
    right.add(.microseconds(1), count: 3)
    right.add(.seconds(60), count: 1)
    left += right
    #expect(left.counts[0] == 5)
    #expect(left.counts[16] == 1)
    #expect(left.sumNanoseconds == 60_000_005_000)
  }
}
