import Etcd
import Testing

@testable import Cluster

@Suite struct TenureTests {
  private var tenure = Tenure()

  private mutating func registered(_ made: Int64, history: UInt64 = 1) -> UInt64 {
    self.tenure.registered(made: Revision(rawValue: made), history: history)
    return self.tenure.number
  }

  @Test mutating func `a record that stays is one tenure, whatever the node could see meanwhile`() {
    #expect(self.registered(5) == 0)
    #expect(self.registered(5) == 0)
    self.tenure.isolated()
    #expect(self.registered(5) == 0)
  }

  @Test mutating func `a record that was deleted and written again begins another`() {
    _ = self.registered(5)
    #expect(self.registered(8) == 1)
    #expect(self.registered(9) == 2)
    #expect(self.registered(9) == 2)
  }

  @Test mutating func `a new history of etcd ends no tenure of a node whose lease was good`() {
    _ = self.registered(5)
    #expect(self.registered(2, history: 2) == 0)
    #expect(self.registered(3, history: 2) == 1)
  }

  @Test
  mutating func `a new history ends that of a node which was isolated, though revisions agree`() {
    _ = self.registered(5)
    self.tenure.isolated()
    #expect(self.registered(5, history: 2) == 1)
    // That was then.
    #expect(self.registered(5, history: 3) == 1)
  }
}
