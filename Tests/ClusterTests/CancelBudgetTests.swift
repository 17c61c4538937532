import NIOCore
import Testing

@testable import Cluster

@Suite struct CancelBudgetTests {
  @Test func `so many calls are cancelled each second, and no more`() {
    var budget = CancelBudget()
    let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
    for _ in 0..<CancelBudget.perSecondMax { #expect(budget.take(start) == true) }
    #expect(budget.take(start + .milliseconds(999)) == false)
    #expect(budget.take(start + .seconds(1)) == true)
  }
}
