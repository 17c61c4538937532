import Testing

@testable import Cluster

@Suite struct ReturnPaceTests {
  private let start = ContinuousClock.now

  /// Deleted as soon as it is back, so many times.
  private func delays(_ count: Int, _ pace: inout ReturnPace) -> [Duration] {
    var now = self.start
    return (0..<count).map { _ in
      let delay = pace.deleted(now, chance: 0)
      now += delay
      return delay
    }
  }

  @Test func `a record that is deleted once is put back at once`() {
    var pace = ReturnPace()
    #expect(pace.deleted(self.start, chance: 1) == .zero)
  }

  @Test func `one that is deleted again and again comes back ever later, to a limit`() {
    var pace = ReturnPace()
    let delays = self.delays(8, &pace)
    #expect(delays.prefix(4) == [.zero, .milliseconds(500), .seconds(1), .seconds(2)])
    #expect(delays.suffix(2) == [.seconds(10), .seconds(10)])
  }

  @Test func `one that has stayed for long comes back at once`() {
    var pace = ReturnPace()
    let back = self.start + self.delays(5, &pace).reduce(.zero, +)
    var restless = pace
    #expect(restless.deleted(back + .seconds(29), chance: 0) > .zero)
    #expect(pace.deleted(back + .seconds(30), chance: 0) == .zero)
  }
}
