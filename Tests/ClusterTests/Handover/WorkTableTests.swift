import Testing

@testable import Cluster

/// Which tasks are begun and ended, as what is wanted changes.
@Suite struct WorkTableTests {
  @Test func `work that is wanted is begun once, and ended when it is wanted no more`() {
    var table = WorkTable<String>()
    let first = table.want(["seal", "stream"])
    #expect(first.begun.map(\.work).sorted() == ["seal", "stream"])
    let same = table.want(["seal", "stream"])
    #expect(same.begun.isEmpty && same.ended.isEmpty)
    let less = table.want(["stream"])
    #expect(less.ended == ["seal"] && less.begun.isEmpty)
  }

  @Test func `work that is still wanted when its task is over is begun again`() {
    var table = WorkTable<String>()
    let first = table.want(["seal"]).begun[0].task
    table.ended("seal", task: first)
    let second = table.want(["seal"])
    #expect(second.ended.isEmpty && second.begun.map(\.work) == ["seal"])
    #expect(second.begun[0].task != first)
  }

  @Test func `a task that was ended, and is over later, does not end the one after it`() {
    var table = WorkTable<String>()
    let first = table.want(["seal"]).begun[0].task
    _ = table.want([])
    let second = table.want(["seal"]).begun[0].task
    table.ended("seal", task: first)
    let meanwhile = table.want(["seal"])
    #expect(meanwhile.begun.isEmpty, "the second is still at it")
    table.ended("seal", task: second)
    let afterwards = table.want(["seal"])
    #expect(afterwards.begun.map(\.work) == ["seal"])
  }
}
