import Etcd
import Testing

@testable import Cluster

@Suite struct TenureTests {
  private var tenure = Tenure(grace: .seconds(20))
  private let start = ContinuousClock.now

  private mutating func registered(_ made: Int64, history: UInt64 = 1, at second: Int = 0) -> UInt64
  {
    self.tenure.registered(
      made: Revision(rawValue: made), history: history, self.start + .seconds(second))
    return self.tenure.number
  }

  private mutating func isolated(from first: Int, to last: Int) {
    self.tenure.stands(isolated: true, self.start + .seconds(first))
    self.tenure.stands(isolated: false, self.start + .seconds(last))
  }

  @Test mutating func `a record that stays is one tenure, whatever the node could see meanwhile`() {
    #expect(self.registered(5) == 0)
    self.isolated(from: 1, to: 100)
    #expect(self.registered(5, at: 101) == 0)
  }

  @Test mutating func `a record that was deleted and written again begins another`() {
    _ = self.registered(5)
    #expect(self.registered(8) == 1)
    #expect(self.registered(9) == 2)
    #expect(self.registered(9) == 2)
  }

  @Test mutating func `a new history of etcd ends no tenure of a node that is back soon`() {
    _ = self.registered(5)
    self.isolated(from: 1, to: 20)
    #expect(self.registered(2, history: 2, at: 20) == 0)
    // Of its own, as before.
    #expect(self.registered(3, history: 2, at: 21) == 1)
  }

  @Test mutating func `a new history ends that of a node which was isolated for long, once`() {
    _ = self.registered(5)
    self.isolated(from: 1, to: 21)
    #expect(self.registered(5, history: 2, at: 22) == 1)
    #expect(self.registered(5, history: 3, at: 23) == 1)
    // Isolated still.
    self.tenure.stands(isolated: true, self.start + .seconds(30))
    #expect(self.registered(5, history: 4, at: 60) == 2)
  }
}
