import GRPC
import Histogram
import Wire

/// What a worker counted over some time, by kind of call.
struct LoadCounts: Sendable {
  /// Index: `CallKind.rawValue`; nil for kinds that do not occur.
  var kinds: [KindCounts?]
  /// How many calls ended with each status; index: `StatusCode.rawValue`.
  var codes = [UInt64](repeating: 0, count: StatusCode.allCases.count)
  /// The message of the first call that ended with each status other than OK.
  var messages = [String?](repeating: nil, count: StatusCode.allCases.count)
  /// Open loop: calls that were sent more than `lateMilliseconds` after they were due.
  var late: UInt64 = 0
  /// Connections that were lost and opened again.
  var reconnects: UInt64 = 0

  /// From when on a call counts as late.
  static let lateMilliseconds: Int64 = 10

  init(kinds: [CallKind]) {
    self.kinds = CallKind.allCases.map { kinds.contains($0) ? KindCounts() : nil }
  }

  mutating func add(_ other: LoadCounts) {
    for index in self.kinds.indices {
      guard let counts = other.kinds[index] else { continue }
      if self.kinds[index] == nil {
        self.kinds[index] = counts
      } else {
        self.kinds[index]?.add(counts)
      }
    }
    for index in self.codes.indices {
      self.codes[index] += other.codes[index]
      self.messages[index] = self.messages[index] ?? other.messages[index]
    }
    self.late += other.late
    self.reconnects += other.reconnects
  }

  /// All kinds together.
  var total: KindCounts {
    self.kinds.reduce(into: KindCounts()) { total, kind in
      if let kind { total.add(kind) }
    }
  }

  /// Calls that ended with another status than OK.
  var failed: UInt64 {
    self.codes.reduce(0, +) - self.codes[StatusCode.ok.rawValue]
  }
}

/// What was counted of one kind of call. Only calls that ended with status OK have a latency here:
/// an error is quicker or slower than an answer and would say nothing about either.
struct KindCounts: Sendable {
  /// An hour; what takes longer counts as an hour.
  static let latencyMaxNanoseconds: UInt64 = 3_600_000_000_000

  /// Nanoseconds, to three digits.
  private(set) var latency = Histogram<UInt64>(
    lowestDiscernibleValue: 100, highestTrackableValue: Self.latencyMaxNanoseconds,
    numberOfSignificantValueDigits: .three)
  /// Calls that ended with status OK.
  private(set) var calls: UInt64 = 0
  /// Entries that these calls were about: more than one in a batch.
  var keys: UInt64 = 0
  /// Of get and getmany.
  var hits: UInt64 = 0
  /// Of get and getmany.
  var misses: UInt64 = 0
  /// Items of a batch that failed alone, or were deferred.
  var itemErrors: UInt64 = 0
  /// Messages, without their framing.
  var bytesSent: UInt64 = 0
  /// Messages, without their framing.
  var bytesReceived: UInt64 = 0

  /// Reads the answer to one call that ended with status OK.
  ///
  /// - Returns: what is wrong with the answer; nil: nothing.
  mutating func read(
    _ kind: CallKind, keys: Int, bytesSent: Int, answer: RawSpan
  ) -> String? {
    self.keys += UInt64(keys)
    self.bytesSent += UInt64(bytesSent)
    self.bytesReceived += UInt64(answer.byteCount)
    do throws(WireError) {
      try AnswerReader.read(kind, answer, into: &self)
      return nil
    } catch {
      return "the node's answer is not the message of this call: \(error)"
    }
  }

  mutating func ended(latencyNanoseconds: UInt64) {
    // `min` keeps the value in the histogram's range, so it always records.
    _ = self.latency.record(min(latencyNanoseconds, Self.latencyMaxNanoseconds))
    self.calls += 1
  }

  mutating func add(_ other: KindCounts) {
    self.latency.add(other.latency)
    self.calls += other.calls
    self.keys += other.keys
    self.hits += other.hits
    self.misses += other.misses
    self.itemErrors += other.itemErrors
    self.bytesSent += other.bytesSent
    self.bytesReceived += other.bytesReceived
  }

  /// Nanoseconds below which this part of the calls ended; 0 where there were none.
  func percentile(_ percent: Double) -> UInt64 {
    self.latency.totalCount == 0 ? 0 : self.latency.valueAtPercentile(percent)
  }

  /// The longest latency, in nanoseconds.
  var latencyMax: UInt64 { self.latency.totalCount == 0 ? 0 : self.latency.max }
}
