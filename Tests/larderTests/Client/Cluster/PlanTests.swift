import ArgumentParser
import LarderAPI
import Testing

@testable import larder

@Suite struct PlanTests {
  private func proposal(_ arguments: String...) throws -> PlanRequest.Change {
    try PlanCommand.parse(arguments).proposal
  }

  @Test func `a node is added, removed or weighed`() throws {
    #expect(
      try self.proposal("--add", "10.0.0.7:7600")
        == .add(PlannedNode(id: "10.0.0.7:7600", weight: 1)))
    #expect(
      try self.proposal("--add", "[::1]:7600", "--weight", "0.5", "--zone", "b")
        == .add(PlannedNode(id: "[::1]:7600", weight: 0.5, zone: "b")))
    #expect(
      try self.proposal("--add", "10.0.0.7:7600", "--id", "n7")
        == .add(PlannedNode(id: "n7", weight: 1)))
    #expect(try self.proposal("--remove", "n1") == .remove("n1"))
    #expect(
      try self.proposal("--weight", "10.0.0.7:7600=2")
        == .weigh(PlannedNode(id: "10.0.0.7:7600", weight: 2)))
  }

  @Test(
    arguments: [
      [], ["--weight", "2"], ["--remove", "a", "--weight", "a=2"], ["--zone", "b"],
      ["--add", "a:1", "--remove", "a"], ["--add", "a:1", "--weight", "b=2"],
      ["--add", "a:1", "--weight", "heavy"], ["--remove", "a", "--zone", "b"],
    ])
  func `anything else is refused`(_ arguments: [String]) {
    #expect(throws: (any Error).self) { try PlanCommand.parse(arguments) }
  }

  private func response(_ id: String, epoch: String = "1.2") -> PlanResponse {
    var move = PlannedMove()
    move.heirID = "d"
    move.shareMillionths = 83_333
    move.entries = 1_234
    move.bytes = 2_048
    var response = PlanResponse()
    response.nodeID = id
    response.epoch = epoch
    response.moves = [move]
    return response
  }

  @Test func `each pair of nodes has a line, and all together one`() {
    let report = PlanReport([self.response("b"), self.response("a")])
    #expect(
      report.text == """
        from  to   share  entries    bytes
        a     d    8.3 %    1,234  2.0 KiB
        b     d    8.3 %    1,234  2.0 KiB
        all       16.7 %    2,468  4.0 KiB

        """)
    #expect(
      PlanReport([self.response("a")]).json.description
        == #"{"epoch":"1.2","moves":[{"from":"a","to":"d","share_millionths":83333,"#
        + #""entries":1234,"bytes":2048}],"all":{"share_millionths":83333,"entries":1234,"#
        + #""bytes":2048},"moving":false}"#)
    #expect(PlanReport([PlanResponse()]).text == "nothing would move\n")
  }

  @Test func `a plan is of one ring, and says when entries move already`() {
    var moving = self.response("a")
    moving.isMoving = true
    #expect(PlanReport([moving]).text.hasSuffix("counted where they will be.\n"))
    #expect(PlanReport([moving, self.response("b")]).isOfOneRing)
    #expect(!PlanReport([moving, self.response("b", epoch: "1.3")]).isOfOneRing)
  }
}
