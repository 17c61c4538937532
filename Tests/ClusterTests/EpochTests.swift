import Testing

@testable import Cluster

@Suite struct EpochTests {
  @Test func `an epoch is read as it is written`() {
    let epoch = Epoch(incarnation: 3, revision: 1042)
    #expect(epoch.description == "3.1042")
    #expect(Epoch("3.1042") == epoch)
  }

  @Test(arguments: [
    "", ".", "3", "3.", ".1042", "3.1042.1", "-1.2", "3.x", "99999999999999999999.1",
  ])
  func `what is no epoch is not taken for one`(text: String) {
    #expect(Epoch(text) == nil)
  }

  @Test func `a new history is newer, however low its revision`() {
    #expect(Epoch(incarnation: 1, revision: 900) < Epoch(incarnation: 2, revision: 1))
    #expect(Epoch(incarnation: 2, revision: 1) < Epoch(incarnation: 2, revision: 2))
    #expect(Epoch.fixed < Epoch(incarnation: 0, revision: 1))
  }
}
