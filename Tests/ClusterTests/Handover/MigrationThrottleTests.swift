import Testing

@testable import Cluster

/// Simulated time.
@Suite struct MigrationThrottleTests {
  private let start = ContinuousClock.now

  /// What goes out in so many seconds, batch by batch, as a stream sends it.
  private func bytes(
    _ throttle: inout MigrationThrottle, batch: Int, from: Duration = .zero, seconds: Int
  ) -> Int {
    var now = self.start + from
    let end = now + .seconds(seconds)
    var sent = 0
    while now < end {
      if let delay = throttle.take(batch, now: now) {
        now += max(delay, .nanoseconds(1))
      } else {
        sent += batch
      }
    }
    return sent
  }

  @Test(arguments: [4 << 10, 100_000, 1 << 20, 3 << 20])
  func `a rate is held within a tenth, whatever the batches`(batch: Int) {
    var throttle = MigrationThrottle(bytesPerSecond: 10 << 20)
    let sent = self.bytes(&throttle, batch: batch, seconds: 60)
    #expect(abs(Double(sent) / Double(600 << 20) - 1) < 0.1)
  }

  @Test func `after a pause no more goes at once than a tenth of a second's, and one batch`() {
    var throttle = MigrationThrottle(bytesPerSecond: 1_000_000)
    _ = self.bytes(&throttle, batch: 1_000, seconds: 1)
    let later = self.start + .seconds(100)
    var atOnce = 0
    while throttle.take(1_000, now: later) == nil { atOnce += 1_000 }
    #expect((100_000...102_000).contains(atOnce))
  }

  @Test func `several streams share one rate`() {
    var throttle = MigrationThrottle(bytesPerSecond: 1_000_000)
    var sent = [0, 0]
    var due = [self.start, self.start]
    let end = self.start + .seconds(60)
    while let now = due.min(), now < end {
      let stream = due[0] <= due[1] ? 0 : 1
      if let delay = throttle.take(50_000, now: now) {
        due[stream] = now + max(delay, .microseconds(1))
      } else {
        sent[stream] += 50_000
      }
    }
    #expect(abs(Double(sent[0] + sent[1]) / 60_000_000 - 1) < 0.1)
  }

  @Test func `a changed rate counts at once, and what is owed is paid at it`() {
    var throttle = MigrationThrottle(bytesPerSecond: 1_000)
    #expect(throttle.take(1_000_000, now: self.start) == nil)
    let owed = throttle.take(1, now: self.start)
    #expect((owed ?? .zero) > .seconds(990))
    throttle.setRate(1_000_000, now: self.start)
    let left = throttle.take(1, now: self.start) ?? .zero
    #expect(left > .milliseconds(990) && left < .seconds(1))
    throttle.setRate(0, now: self.start)
    #expect(throttle.take(1 << 40, now: self.start) == nil)
    throttle.setRate(1_000_000, now: self.start)
    let sent = self.bytes(&throttle, batch: 10_000, seconds: 10)
    #expect(abs(Double(sent) / 10_000_000 - 1) < 0.1)
  }

  @Test func `what was taken and not sent is given back`() {
    var throttle = MigrationThrottle(bytesPerSecond: 1_000_000)
    #expect(throttle.take(500_000, now: self.start) == nil)
    #expect(throttle.take(1, now: self.start) != nil)
    throttle.giveBack(450_000)
    #expect(throttle.take(1, now: self.start) == nil)
  }

  @Test func `a batch is no burst by itself, and any size without a limit`() {
    #expect(MigrationThrottle(bytesPerSecond: 1_000_000).batchBytes == 100_000)
    #expect(MigrationThrottle(bytesPerSecond: 0).batchBytes == nil)
  }

  @Test func `time that goes back adds nothing`() {
    var throttle = MigrationThrottle(bytesPerSecond: 1_000)
    #expect(throttle.take(1_100, now: self.start) == nil)
    let delay = throttle.take(1, now: self.start)
    #expect(throttle.take(1, now: self.start - .seconds(10)) == delay)
  }
}

@Suite struct ByteMeterTests {
  private let start = ContinuousClock.now

  @Test func `the rate is that of the last five seconds`() {
    var meter = ByteMeter(start: self.start)
    #expect(meter.bytesPerSecond(now: self.start) == 0)
    for tenth in 0..<100 { meter.add(100, now: self.start + .milliseconds(100 * tenth)) }
    let rate = meter.bytesPerSecond(now: self.start + .seconds(10))
    #expect((900...1_100).contains(rate))
    #expect(meter.bytesPerSecond(now: self.start + .seconds(20)) == 0)
  }

  @Test func `a short life counts for as long as it was`() {
    var meter = ByteMeter(start: self.start)
    meter.add(500, now: self.start)
    #expect(meter.bytesPerSecond(now: self.start + .milliseconds(500)) == 1_000)
  }
}
