import Testing

@testable import Etcd

@Suite struct EndpointSelectorTests {
  private let start = ContinuousClock.now
  private let backoff = RetryBackoff(initial: .seconds(1), max: .seconds(8), jitter: 0.5)

  @Test func `the one to begin with is called as long as it is well`() {
    var selector = EndpointSelector(count: 3, first: 1, backoff: backoff)
    for seconds in 0..<5 { #expect(selector.choose(time(seconds)) == .use(1)) }
    selector.succeeded(1)
    #expect(selector.choose(time(9)) == .use(1))
  }

  @Test func `one that fails is left for the next, which then stays`() {
    var selector = EndpointSelector(count: 3, first: 2, backoff: backoff)
    #expect(fail(&selector, 2, at: 0, chance: 0))
    #expect(selector.choose(time(0)) == .use(0))
    #expect(selector.choose(time(60)) == .use(0))
    #expect(fail(&selector, 0, at: 60, chance: 0))
    #expect(selector.choose(time(60)) == .use(1))
  }

  @Test func `one that is not called may fail without consequence`() {
    var selector = EndpointSelector(count: 3, first: 0, backoff: backoff)
    #expect(fail(&selector, 1, at: 0, chance: 0))
    #expect(selector.choose(time(0)) == .use(0))
    #expect(fail(&selector, 0, at: 0, chance: 0))
    #expect(selector.choose(time(0)) == .use(2))
  }

  @Test func `when all have failed the first that may be tried again is waited for`() {
    var selector = EndpointSelector(count: 2, first: 0, backoff: backoff)
    #expect(fail(&selector, 0, at: 0, chance: 1))
    #expect(fail(&selector, 1, at: 1, chance: -1))
    // 1.5 s after 0, and 0.5 s after 1.
    #expect(selector.choose(time(1)) == .wait(until: start + .milliseconds(1500)))
    #expect(selector.choose(time(2)) == .use(1) || selector.choose(time(2)) == .use(0))
  }

  @Test func `calls that fail together are one failure`() {
    var selector = EndpointSelector(count: 1, first: 0, backoff: backoff)
    #expect(fail(&selector, 0, at: 0, chance: 0))
    for _ in 0..<100 { #expect(!fail(&selector, 0, at: 0, chance: 0)) }
    #expect(selector.failures(of: 0) == 1)
    #expect(selector.choose(time(0)) == .wait(until: time(1)))
  }

  @Test func `one that fails again and again is left alone longer, up to a maximum`() {
    var selector = EndpointSelector(count: 1, first: 0, backoff: backoff)
    var now = 0
    for wait in [1, 2, 4, 8, 8, 8] {
      #expect(fail(&selector, 0, at: now, chance: 0))
      #expect(selector.choose(time(now)) == .wait(until: time(now + wait)))
      now += wait
      #expect(selector.choose(time(now)) == .use(0))
    }
    selector.succeeded(0)
    #expect(selector.failures(of: 0) == 0)
    #expect(fail(&selector, 0, at: now, chance: 0))
    #expect(selector.choose(time(now)) == .wait(until: time(now + 1)))
  }

  @Test func `a wait is never negative, never overflows, and none without a failure`() {
    let backoff = RetryBackoff()
    #expect(backoff.delay(afterFailures: 0, chance: 1) == .zero)
    #expect(backoff.delay(afterFailures: -1, chance: 1) == .zero)
    #expect(backoff.delay(afterFailures: 1, chance: 0) == .milliseconds(100))
    #expect(backoff.delay(afterFailures: 3, chance: 0) == .milliseconds(400))
    #expect(backoff.delay(afterFailures: .max, chance: 0) == .seconds(5))
    #expect(backoff.delay(afterFailures: .max, chance: 1) == .seconds(6.25))
    #expect(backoff.delay(afterFailures: 1, chance: -1) == .milliseconds(75))
  }

  private func fail(
    _ selector: inout EndpointSelector, _ index: Int, at seconds: Int, chance: Double
  ) -> Bool {
    selector.failed(index, time(seconds), chance: chance)
  }

  private func time(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }
}
