import GRPC
import LarderAPI
import Testing

@testable import larder

@Suite struct BenchReportTests {
  /// Two seconds: 4 gets of 1 to 4 ms, 3 of them hits, and one refused set.
  private static func result(rate: Double? = nil, backlog: Int = 0) -> BenchResult {
    var counts = LoadCounts(kinds: [.get, .set])
    for index in 1...4 {
      counts.kinds[CallKind.get.rawValue]?.ended(latencyNanoseconds: UInt64(index) * 1_000_000)
    }
    counts.kinds[CallKind.get.rawValue]?.hits = 3
    counts.kinds[CallKind.get.rawValue]?.misses = 1
    counts.codes[StatusCode.ok.rawValue] = 4
    counts.codes[StatusCode.resourceExhausted.rawValue] = 1
    counts.messages[StatusCode.resourceExhausted.rawValue] = "RESOURCE_EXHAUSTED: too large"
    var (before, after) = (GetStatusResponse(), GetStatusResponse())
    before.cpuTimeMicroseconds = 1_000
    after.cpuTimeMicroseconds = 1_050
    var plan = BenchPlan(mix: .standard)
    plan.rate = rate
    return BenchResult(
      plan: plan, counts: counts, seconds: 2, backlog: backlog, unanswered: 0,
      isInterrupted: false, before: before, after: after)
  }

  @Test func `processor time is shared among all calls, failed ones too`() {
    #expect(BenchReport(result: Self.result()).cpuMicrosecondsPerCall == 10)
  }

  @Test func `the text has a row for each kind, and the errors by status`() {
    let text = BenchReport(result: Self.result()).text
    #expect(text.contains("get        4        2  2.00 ms  4.00 ms  4.00 ms  4.00 ms  4.00 ms"))
    #expect(text.contains("75.0 %"))
    #expect(text.contains("set        0        0        -        -"))
    #expect(text.contains("errors    1 x RESOURCE_EXHAUSTED: too large\n"))
    #expect(text.contains("10.00 µs of processor time a call"))
    #expect(!text.contains("behind"))
  }

  @Test func `an open loop that did not keep up says so`() {
    let report = BenchReport(result: Self.result(rate: 1_000, backlog: 12))
    #expect(report.isBehind)
    #expect(report.text.contains("12 not at all"))
  }

  @Test func `the JSON has no latency where there was no call`() {
    let json = BenchReport(result: Self.result()).json.description
    #expect(json.contains(#""set":{"calls":0,"calls_per_second":0.0,"latency_us":{"p50":null"#))
    #expect(json.contains(#""RESOURCE_EXHAUSTED":{"calls":1,"first":"RESOURCE_EXHAUSTED: too"#))
  }

  @Test func `counts of workers and of seconds add up`() {
    var sum = Self.result().counts
    sum.add(Self.result().counts)
    #expect(sum.total.calls == 8)
    #expect(sum.total.hits == 6)
    #expect(sum.failed == 2)
    #expect(sum.total.percentile(50) / 10_000 == 200)
  }

  @Test func `a latency above the longest that is told counts as that`() {
    var counts = KindCounts()
    counts.ended(latencyNanoseconds: .max)
    #expect(counts.calls == 1)
    #expect(counts.latencyMax >= KindCounts.latencyMaxNanoseconds)
  }

  @Test func `a progress line has errors and arrears only where there are any`() {
    let result = Self.result()
    #expect(
      BenchProgress.line(result.counts, seconds: 2, elapsed: 7, backlog: 3)
        == "7 s  2 calls/s  p50 2.00 ms  p99 4.00 ms  1 errors  3 calls behind")
    #expect(
      BenchProgress.line(LoadCounts(kinds: [.get]), seconds: 1, elapsed: 1, backlog: 0)
        == "1 s  0 calls/s  p50 0.0 µs  p99 0.0 µs")
  }
}
