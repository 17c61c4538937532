import Testing

@testable import Node

@Suite struct LeastRecentlyUsedTests {
  @Test func `values stay while there is room, and are changed in place`() {
    var table = LeastRecentlyUsed<String, Int>(capacity: 3)
    for _ in 0..<5 { table.use("a", orBegin: 10) { $0 += 1 } }
    #expect(table.use("a", orBegin: 0) { $0 } == 15)
    #expect(table.use("b", orBegin: 20) { $0 } == 20)
    #expect(table.count == 2)
  }

  @Test func `the one that was not used for the longest time makes room`() {
    var table = LeastRecentlyUsed<String, Int>(capacity: 3)
    for key in ["a", "b", "c"] { table.use(key, orBegin: 1) { _ in } }
    table.use("a", orBegin: 0) { _ in }
    table.use("d", orBegin: 1) { _ in }
    #expect(table.count == 3)
    #expect(table.use("a", orBegin: 0) { $0 } == 1)
    #expect(table.use("c", orBegin: 0) { $0 } == 1)
    #expect(table.use("b", orBegin: 0) { $0 } == 0)
    // b took the place of d, the oldest by then.
    #expect(table.use("d", orBegin: 0) { $0 } == 0)
  }

  @Test func `a table of one value remembers the last`() {
    var table = LeastRecentlyUsed<Int, Int>(capacity: 1)
    for key in [1, 1, 2, 2, 1] { table.use(key, orBegin: 0) { $0 += 1 } }
    #expect(table.use(1, orBegin: 0) { $0 } == 1)
    #expect(table.count == 1)
  }

  /// Against a plain list in the order of use.
  @Test(arguments: [1, 2, 3, 7, 64])
  func `any order of uses gives what a list gives`(capacity: Int) {
    var random = SystemRandomNumberGenerator()
    var table = LeastRecentlyUsed<Int, Int>(capacity: capacity)
    var list: [(key: Int, value: Int)] = []
    for step in 0..<5_000 {
      let key = Int.random(in: 0..<(capacity * 2), using: &random)
      let used = table.use(key, orBegin: step) { $0 }
      if let index = list.firstIndex(where: { $0.key == key }) {
        list.append(list.remove(at: index))
      } else {
        if list.count == capacity { list.removeFirst() }
        list.append((key, step))
      }
      #expect(used == list.last?.value)
    }
    #expect(table.count == min(capacity, list.count))
  }
}
