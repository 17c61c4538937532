internal import NIOCore

/// How many calls took how long, in fixed buckets from 50 microseconds to 10 seconds.
public struct DurationHistogram: Sendable {
  /// The longest duration of each bucket, in nanoseconds; one more bucket takes what is longer. A
  /// cache answers in microseconds, so they begin lower than those that gRPC's A66 proposes.
  public static let boundsNanoseconds: [Int64] = [
    50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 5_000_000, 10_000_000,
    25_000_000, 50_000_000, 100_000_000, 250_000_000,
    500_000_000, 1_000_000_000, 2_500_000_000, 10_000_000_000,
  ]

  /// By bucket; the last is above all bounds. Not cumulative.
  public private(set) var counts: InlineArray<17, Int> = .init(repeating: 0)
  /// All durations together, in nanoseconds.
  public private(set) var sumNanoseconds: Int64 = 0

  public init() {}

  /// All calls.
  public var count: Int {
    var sum = 0
    for bucket in self.counts.indices { sum += self.counts[bucket] }
    return sum
  }

  mutating func add(_ duration: TimeAmount, count: Int) {
    var bucket = 0
    while bucket < Self.boundsNanoseconds.count,
      duration.nanoseconds > Self.boundsNanoseconds[bucket]
    { bucket += 1 }
    self.counts[bucket] += count
    self.sumNanoseconds += duration.nanoseconds * Int64(count)
  }

  static func += (left: inout Self, right: Self) {
    for bucket in left.counts.indices { left.counts[bucket] += right.counts[bucket] }
    left.sumNanoseconds += right.sumNanoseconds
  }
}

extension DurationHistogram: Equatable {
  public static func == (left: Self, right: Self) -> Bool {
    left.sumNanoseconds == right.sumNanoseconds
      && left.counts.indices.allSatisfy { left.counts[$0] == right.counts[$0] }
  }
}
