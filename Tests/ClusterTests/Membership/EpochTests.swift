import Cluster
import Testing

@Suite struct EpochTests {
  @Test func `a new history is after all revisions of the one before`() {
    let old = Epoch(incarnation: 1, revision: .max)
    let new = Epoch(incarnation: 2, revision: 1)
    #expect(old < new && Epoch(incarnation: 2, revision: 0) < new)
    #expect(Epoch.fixed < old)
  }

  @Test func `an epoch is read as it is written`() {
    for epoch in [
      Epoch.fixed, Epoch(incarnation: 3, revision: 1042),
      Epoch(incarnation: .max, revision: .max),
    ] {
      #expect(Epoch("\(epoch)") == epoch)
    }
    #expect("\(Epoch(incarnation: 3, revision: 1042))" == "3.1042")
  }

  @Test(arguments: [
    "", ".", "3", "3.", ".3", "3.4.5", "-1.2", "-0.1", "0.-0", "+1.2", "1.+2", " 1.2", "1.2 ",
    "a.b",
    "18446744073709551616.0",
  ])
  func `a text that is no epoch is none`(_ text: String) {
    #expect(Epoch(text) == nil)
  }
}
