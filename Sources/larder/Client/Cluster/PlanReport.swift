import LarderAPI

/// What all nodes together would hand to each other.
struct PlanReport {
  let responses: [PlanResponse]

  init(_ responses: [PlanResponse]) { self.responses = responses }

  /// All have planned with the same ring.
  var isOfOneRing: Bool { Set(self.responses.map(\.epoch)).count <= 1 }

  private var moves: [(from: String, move: PlannedMove)] {
    self.responses.flatMap { response in response.moves.map { (response.nodeID, $0) } }
      .sorted { ($0.from, $0.move.heirID) < ($1.from, $1.move.heirID) }
  }

  private var total: PlannedMove {
    self.moves.reduce(into: PlannedMove()) { total, pair in
      total.shareMillionths += pair.move.shareMillionths
      total.entries += pair.move.entries
      total.bytes += pair.move.bytes
    }
  }

  private var isMoving: Bool { self.responses.contains(where: \.isMoving) }

  /// A line for each pair of nodes, and one for all.
  var text: String {
    guard !self.moves.isEmpty else { return "nothing would move\n" }
    var table = TextTable([.left, .left, .right, .right, .right])
    table.add(["from", "to", "share", "entries", "bytes"])
    func add(_ from: String, _ to: String, _ move: PlannedMove) {
      table.add([
        from, to, DecimalText.percent(UInt64(move.shareMillionths), of: 1_000_000),
        DecimalText.grouped(move.entries), DecimalText.size(move.bytes),
      ])
    }
    for (from, move) in self.moves { add(from, move.heirID, move) }
    add("all", "", self.total)
    let note = "\nEntries are on their way already, and may not be counted where they will be.\n"
    return table.text + (self.isMoving ? note : "")
  }

  /// Names and units as in Protos/larder/v1/admin.proto.
  var json: JSONText {
    .object([
      ("epoch", .string(self.responses.first?.epoch ?? "")),
      (
        "moves",
        .array(
          self.moves.map { from, move in
            .object([("from", .string(from)), ("to", .string(move.heirID))] + Self.figures(move))
          })
      ),
      ("all", .object(Self.figures(self.total))), ("moving", .bool(self.isMoving)),
    ])
  }

  private static func figures(_ move: PlannedMove) -> [(name: String, value: JSONText)] {
    [
      ("share_millionths", .unsigned(UInt64(move.shareMillionths))),
      ("entries", .unsigned(move.entries)), ("bytes", .unsigned(move.bytes)),
    ]
  }
}
