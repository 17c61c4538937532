import LarderAPI

/// What is on its way in a cluster, as its nodes have told it.
struct MigrationsReport {
  /// One migration: its two ends show the same.
  struct Flow: Equatable {
    let from: String
    let to: String
    /// As the node has it that sends, if it was asked.
    let status: MigrationStatus
    /// By one end, or both.
    let isPaused: Bool
  }

  let nodes: [MigrationsStatus]
  let flows: [Flow]
  /// Nodes that did not say.
  let failures: [(id: String, message: String)]

  init(_ answers: [ClusterNodes.Answered<MigrationsStatus>]) {
    var nodes: [MigrationsStatus] = []
    var failures: [(id: String, message: String)] = []
    for answer in answers {
      switch answer.result {
      case .success(let status): nodes.append(status)
      case .failure(let failure): failures.append((answer.id, failure.message))
      }
    }
    self.nodes = nodes
    self.failures = failures
    self.flows = Self.flows(nodes)
  }

  private static func flows(_ nodes: [MigrationsStatus]) -> [Flow] {
    let ends = nodes.flatMap { node in
      node.migrations.map { migration in
        migration.direction == "inbound"
          ? Flow(
            from: migration.peerID, to: node.nodeID, status: migration,
            isPaused: migration.isPaused)
          : Flow(
            from: node.nodeID, to: migration.peerID, status: migration,
            isPaused: migration.isPaused)
      }
    }
    var flows: [Flow] = []
    for end in ends {
      guard let same = flows.firstIndex(where: { $0.from == end.from && $0.to == end.to }) else {
        flows.append(end)
        continue
      }
      // Who sends knows best how much there is.
      let best = end.status.direction == "outbound" ? end : flows[same]
      flows[same] = Flow(
        from: end.from, to: end.to, status: best.status,
        isPaused: end.isPaused || flows[same].isPaused)
    }
    return flows.sorted { ($0.from, $0.to) < ($1.from, $1.to) }
  }

  // MARK: - For people

  /// A line for each migration, then one for each node.
  var text: String {
    let moving = self.flows.isEmpty ? "nothing is on its way\n" : self.flowTable.text
    let failures = self.failures.map { "\($0.id): \($0.message)\n" }.joined()
    return moving + (self.nodes.isEmpty ? "" : "\n" + self.nodeTable.text)
      + (failures.isEmpty ? "" : "\n" + failures)
  }

  /// All of them in a few words, for a line of progress; nil: nothing is on its way.
  var summary: String? {
    guard !self.flows.isEmpty else { return nil }
    let shares = self.flows.map { UInt64($0.status.shareMillionths) }
    let whole = shares.reduce(0, +)
    let done = zip(self.flows, shares).reduce(0) { $0 + UInt64($1.0.status.donePermille) * $1.1 }
    let rate = self.flows.reduce(0) { $0 + $1.status.bytesPerSecond }
    var words = [
      Self.bar(permille: whole == 0 ? 0 : UInt32(done / whole)),
      DecimalText.percent(done, of: whole * 1_000), "\(DecimalText.size(rate))/s",
    ]
    if self.flows.contains(where: \.isPaused) {
      words.append("paused: larder cluster resume")
    } else if let left = self.flows.compactMap(\.status.secondsLeft).max() {
      words.append("\(Self.duration(left)) left")
    }
    return words.joined(separator: "  ")
  }

  private var flowTable: TextTable {
    var table = TextTable([.left, .left, .right, .left] + Array(repeating: .right, count: 5))
    table.add(["from", "to", "share", "progress", "done", "items", "bytes", "rate", "left"])
    for flow in self.flows {
      let status = flow.status
      table.add([
        flow.from, flow.to, DecimalText.percent(UInt64(status.shareMillionths), of: 1_000_000),
        Self.bar(permille: status.donePermille),
        DecimalText.percent(UInt64(status.donePermille), of: 1_000),
        DecimalText.grouped(status.items), DecimalText.size(status.bytes),
        flow.isPaused ? "paused" : "\(DecimalText.size(status.bytesPerSecond))/s",
        flow.isPaused ? "-" : status.secondsLeft.map(Self.duration) ?? "-",
      ])
    }
    return table
  }

  private var nodeTable: TextTable {
    var table = TextTable([.left, .right, .left] + Array(repeating: .right, count: 4))
    table.add(["node", "rate limit", "state", "sent", "bytes", "received", "bytes"])
    for node in self.nodes {
      table.add([
        node.nodeID, Self.rate(node.rateLimit), node.isPaused ? "paused" : "going",
        DecimalText.grouped(node.sentItems), DecimalText.size(node.sentBytes),
        DecimalText.grouped(node.receivedItems), DecimalText.size(node.receivedBytes),
      ])
    }
    return table
  }

  /// `64.0 MiB/s`
  static func rate(_ bytesPerSecond: UInt64) -> String {
    bytesPerSecond == 0 ? "none" : "\(DecimalText.size(bytesPerSecond))/s"
  }

  static let barCells = 20

  /// `[#####...............]`
  static func bar(permille: UInt32) -> String {
    let cells = Int(min(permille, 1_000)) * self.barCells / 1_000
    return "[" + String(repeating: "#", count: cells)
      + String(repeating: ".", count: self.barCells - cells) + "]"
  }

  private static func duration(_ seconds: UInt64) -> String {
    DecimalText.uptime(milliseconds: seconds.multipliedReportingOverflow(by: 1_000).partialValue)
  }

  // MARK: - For programs

  /// Names and units as in Protos/larder/v1/admin.proto.
  var json: JSONText {
    .object([
      ("migrations", .array(self.flows.map(Self.json(of:)))),
      ("nodes", .array(self.nodes.map(Self.json(of:)))),
      (
        "failures",
        .array(
          self.failures.map {
            .object([("node_id", .string($0.id)), ("error", .string($0.message))])
          })
      ),
    ])
  }

  private static func json(of flow: Flow) -> JSONText {
    let status = flow.status
    return .object([
      ("from", .string(flow.from)), ("to", .string(flow.to)),
      ("share_millionths", .unsigned(UInt64(status.shareMillionths))),
      ("done_permille", .unsigned(UInt64(status.donePermille))),
      ("items", .unsigned(status.items)), ("bytes", .unsigned(status.bytes)),
      ("bytes_per_second", .unsigned(status.bytesPerSecond)),
      ("seconds_left", status.secondsLeft.map { .unsigned($0) } ?? .null),
      ("paused", .bool(flow.isPaused)),
    ])
  }

  private static func json(of node: MigrationsStatus) -> JSONText {
    .object([
      ("node_id", .string(node.nodeID)), ("rate_limit", .unsigned(node.rateLimit)),
      ("paused", .bool(node.isPaused)), ("sent_items", .unsigned(node.sentItems)),
      ("sent_bytes", .unsigned(node.sentBytes)),
      ("received_items", .unsigned(node.receivedItems)),
      ("received_bytes", .unsigned(node.receivedBytes)),
    ])
  }
}
