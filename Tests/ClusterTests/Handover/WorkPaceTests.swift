import Testing

@testable import Cluster

@Suite struct WorkPaceTests {
  @Test func `four fifths of the time are rest, in pieces that are worth a timer`() {
    var pace = WorkPace()
    var (worked, rested, rests) = (Duration.zero, Duration.zero, 0)
    for _ in 0..<1_000 {
      worked += .microseconds(300)
      guard let rest = pace.worked(.microseconds(300)) else { continue }
      #expect(rest >= WorkPace.restMin)
      rested += rest
      rests += 1
    }
    #expect(rested == worked * 4 && rests == 500)
  }

  @Test func `a piece that has taken very long does not stop the work`() {
    var pace = WorkPace()
    let rest = pace.worked(.seconds(10))
    #expect(rest == WorkPace.restMax)
    let next = pace.worked(.microseconds(10))
    #expect(next == nil, "nothing is owed from before")
  }
}
