import Testing

@testable import Node

@Suite struct DeathNoticesTests {
  private let start = ContinuousClock.now

  /// Of members found dead at the first of two seconds and looked at at the second: which are told of.
  private func told(_ deaths: [(String, Double, Double)]) -> [Bool] {
    var notices = DeathNotices()
    return deaths.map { id, found, now in
      notices.admits(id, foundAt: self.start + .seconds(found), self.start + .seconds(now))
    }
  }

  @Test func `a death is told once, whichever loops find it`() {
    let told = self.told([("b", 0, 0), ("b", 0.01, 0.01), ("c", 1, 1), ("b", 4.9, 4.9)])
    #expect(told == [true, false, true, false])
  }

  @Test func `one that is found dead again later is told of again`() {
    let told = self.told([
      ("b", 0, 0.2), ("b", 5.1, 5.1), ("b", 5.2, 5.3), ("b", 10.2, 10.2), ("b", 10.3, 10.3),
    ])
    // From the last time on.
    #expect(told == [true, false, true, false, true])
  }

  @Test func `what was found out long ago is not told, as the member may live again`() {
    #expect(self.told([("b", 0, 1), ("b", 0.1, 1)]) == [false, true])
  }
}
