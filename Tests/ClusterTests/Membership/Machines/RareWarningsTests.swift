import Testing

@testable import Cluster

@Suite struct RareWarningsTests {
  private let start = ContinuousClock.now

  @Test func `what goes on is told at first, and then rarely`() {
    var warnings = RareWarnings()
    let told = (0..<200).filter { warnings.admits("same", self.start + .seconds($0)) }
    #expect(told == [0, 60, 120, 180])
  }

  @Test func `what is new is told at once, and what comes and goes is not new`() {
    var warnings = RareWarnings()
    let told = ["one", "two", "one", "two", "three"].enumerated().map { index, text in
      warnings.admits(text, self.start + .seconds(index))
    }
    #expect(told == [true, true, false, false, true])
  }

  @Test func `what is remembered is bounded`() {
    var warnings = RareWarnings()
    let most = RareWarnings.textsMax
    // The last finds no room: all before it are forgotten.
    let told = (Array(0...most) + [0, most]).map { warnings.admits("\($0)", self.start) }
    #expect(told == Array(repeating: true, count: most + 2) + [false])
  }
}
