import Testing

@testable import Node

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("memory", "memory"), ("memroy", "memory"), ("MEMORY", "memory"), ("memor", "memory"),
    ("memoryy", "memory"), ("value_max", "value-max"), ("lops", "loops"), ("x", nil),
    ("", nil), ("completely-different", nil), ("mry", nil),
  ])
  func `the nearest name is suggested where one is near`(typed: String, expected: String?) {
    #expect(nearestName(to: typed, among: ["memory", "value-max", "loops"]) == expected)
  }

  @Test func `of two equally near names the first is suggested`() {
    #expect(nearestName(to: "keys", among: ["keyz", "keyx"]) == "keyz")
  }

  @Test func `a name of a megabyte is compared by its beginning only`() {
    let long = "memory" + String(repeating: "y", count: 1 << 20)
    #expect(nearestName(to: long, among: ["memory"]) == nil)
  }
}
