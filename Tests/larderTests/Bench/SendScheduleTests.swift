import Testing

@testable import larder

@Suite struct SendScheduleTests {
  @Test func `at ten calls a second one is due each 100 ms`() {
    let schedule = SendSchedule(rate: 10, phase: 0)
    #expect((0..<3).map(schedule.due) == [0, 100_000_000, 200_000_000])
  }

  @Test func `a phase of one half begins half an interval later`() {
    #expect(SendSchedule(rate: 10, phase: 0.5).due(0) == 50_000_000)
  }

  @Test func `above the grid's rate several calls are due together`() {
    // 40,000 calls a second are four for each 100 µs.
    let schedule = SendSchedule(rate: 40_000, phase: 0)
    #expect((0..<6).map(schedule.due) == [0, 100_000, 100_000, 100_000, 100_000, 200_000])
  }

  @Test(arguments: [0.1, 3, 999.7, 25_000, 1_234_567.8])
  func `what is due is what has become due, at any time`(rate: Double) {
    let schedule = SendSchedule(rate: rate, phase: 0.25)
    for time in stride(from: Int64(0), to: 20_000_000_000, by: 333_333_337) {
      let count = schedule.dueCount(at: time)
      #expect(count == 0 || schedule.due(count - 1) <= time)
      #expect(schedule.due(count) > time)
    }
  }

  @Test func `before the beginning nothing is due`() {
    #expect(SendSchedule(rate: 10, phase: 0).dueCount(at: -1) == 0)
    #expect(SendSchedule(rate: 10, phase: 0).dueCount(at: 0) == 1)
  }

  @Test func `the rate is kept over a day`() {
    let schedule = SendSchedule(rate: BenchPlan.rateMax, phase: 0)
    #expect(schedule.dueCount(at: 86_400_000_000_000) == 864_000_000_001)
  }
}

@Suite struct SlotQueueTests {
  @Test func `slots leave in the order they came, around the end of the ring`() {
    var queue = SlotQueue(capacity: 3)
    #expect(queue.first == nil)
    var left: [Int] = []
    for slot in 0..<3 { queue.append(slot) }
    for slot in 3..<8 {
      left.append(queue.first ?? -1)
      queue.removeFirst()
      queue.append(slot)
    }
    #expect(left == [0, 1, 2, 3, 4])
    #expect(queue.count == 3)
  }
}
