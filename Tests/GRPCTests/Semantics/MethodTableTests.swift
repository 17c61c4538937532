import Testing

@testable import GRPC

extension MethodTable {
  fileprivate func index(of path: String) -> Int? { self.index(of: Array(path.utf8).span.bytes) }
}

@Suite struct MethodTableTests {
  @Test func `each method is found at its position`() {
    let paths = ["/a.B/Get", "/a.B/Set", "/a.C/Get"]
    let table = MethodTable(paths)
    for (index, path) in paths.enumerated() { #expect(table.index(of: path) == index) }
  }

  @Test func `thousands of methods, which must collide, are all found`() {
    let paths = (0..<5_000).map { "/service\($0 % 71).S/Method\($0)" }
    let table = MethodTable(paths)
    for (index, path) in paths.enumerated() { #expect(table.index(of: path) == index) }
    #expect(table.index(of: "/service0.S/Method5000") == nil)
  }

  @Test func `a path that is the prefix of another is its own method`() {
    let table = MethodTable(["/a.B/Get", "/a.B/GetMany", "/a.B/G"])
    #expect(table.index(of: "/a.B/Get") == 0)
    #expect(table.index(of: "/a.B/GetMany") == 1)
    #expect(table.index(of: "/a.B/G") == 2)
    #expect(table.index(of: "/a.B/GetM") == nil)
  }

  @Test(arguments: ["", "/", "/a.B/", "/a.B/get", "/A.B/Get", "a.B/Get", "/a.B/Get/", "/a.B/Get "])
  func `a path that is not registered is not found`(_ path: String) {
    #expect(MethodTable(["/a.B/Get"]).index(of: path) == nil)
  }

  @Test func `a table without methods finds nothing`() {
    #expect(MethodTable([]).index(of: "/a.B/Get") == nil)
  }
}
