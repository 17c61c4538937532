import Testing

@testable import CacheStore

struct PageWheelTests {
  /// The milliseconds of a tick.
  private static let tick: UInt64 = 256

  @Test func `each page comes up when its deadline has passed, and at most a tick later`() {
    let pages = PageTable(count: 2001)
    defer { pages.free() }
    var random = SplitMix64(state: 3)
    for pause in [10, 300, 5000, 100_000, 30_000_000] as [UInt64] {
      var wheel = PageWheel(now: 1_000_000)
      for page in 1...2000 as ClosedRange<UInt32> {
        let reach: [UInt64] = [1000, 60_000, 3_600_000, 90_000_000]
        let wait = UInt64.random(in: 0..<(reach.randomElement(using: &random) ?? 1), using: &random)
        pages[page] = SlotPage()
        pages[page].earliestDeadline = 1_000_000 + wait
        wheel.arm(page, for: 1_000_000 + wait, in: pages)
      }
      var now: UInt64 = 1_000_000
      var seen = 0
      while wheel.count > 0 {
        let before = now
        now += pause
        while true {
          let page = wheel.next(now: now, in: pages)
          if page == 0 { break }
          seen += 1
          let deadline = pages[page].earliestDeadline
          #expect(deadline <= now, "not before its time")
          #expect(deadline + 2 * Self.tick > before, "not late: \(deadline) at \(now)")
        }
      }
      #expect(seen == 2000)
    }
  }

  @Test func `a page that is disarmed does not come up`() {
    let pages = PageTable(count: 4)
    defer { pages.free() }
    var wheel = PageWheel(now: 0)
    for page in 1...3 as ClosedRange<UInt32> {
      pages[page] = SlotPage()
      pages[page].earliestDeadline = 500
      wheel.arm(page, for: 500, in: pages)
    }
    wheel.disarm(2, in: pages)
    wheel.disarm(2, in: pages)
    var seen: Set<UInt32> = []
    while case let page = wheel.next(now: 2000, in: pages), page != 0 { seen.insert(page) }
    #expect(seen == [1, 3])
  }

  @Test func `a pause of centuries is passed at once, and what is due after it waits on`() {
    let pages = PageTable(count: 3)
    defer { pages.free() }
    var wheel = PageWheel(now: 0)
    let late = UInt64.max - 10
    for (page, deadline) in [(1, 77), (2, late)] as [(UInt32, UInt64)] {
      pages[page] = SlotPage()
      pages[page].earliestDeadline = deadline
      wheel.arm(page, for: deadline, in: pages)
    }
    let (first, second) = (
      wheel.next(now: .max / 2, in: pages), wheel.next(now: .max / 2, in: pages)
    )
    #expect(first == 1)
    #expect(second == 0)
    #expect(wheel.count == 1)
  }
}
