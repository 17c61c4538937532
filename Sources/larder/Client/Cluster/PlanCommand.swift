import ArgumentParser
import LarderAPI
import Node

/// `larder cluster plan`
struct PlanCommand: ClientCommand {
  static let name = "cluster plan"
  /// Each node looks at all its entries: a second for ten million.
  static let timeoutMilliseconds: Int64 = 60_000
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a change of the ring would move, without moving it.",
    discussion: """
      Each node counts what it would hand to each other, entry by entry, so that this is what is moved if \
      nothing is written, evicted or expires meanwhile. Bytes are those that travel, as `larder cluster \
      migrations` counts them then: keys, values, and some 20 bytes for each entry.

        larder cluster plan --add 10.0.0.7:7600 --weight 2 --zone b
        larder cluster plan --remove 10.0.0.3:7600
        larder cluster plan --weight 10.0.0.3:7600=0.5
      """)

  @Option(
    help: ArgumentHelp(
      "A node that would join, by the address that it would advertise.", valueName: "host:port"),
    transform: ArgumentText.target)
  var add: HostPort?

  @Option(
    help: ArgumentHelp(
      "The id of the node that would join, if it has a --node-id.", valueName: "id"))
  var id: String?

  @Option(
    help: ArgumentHelp(
      "With --add its weight (default: 1); else a node that would have another one.",
      valueName: "number|node=number"))
  var weight: String?

  @Option(help: ArgumentHelp("With --add, its zone.", valueName: "name"))
  var zone: String?

  @Option(help: ArgumentHelp("A node that would leave.", valueName: "node"))
  var remove: String?

  @Flag(help: "Print it as JSON.")
  var json = false

  @OptionGroup var target: TargetOptions

  func validate() throws {
    do {
      _ = try self.proposal
    } catch {
      throw ValidationError(error.description)
    }
  }

  /// What is asked about; nodes by the names that were given.
  var proposal: PlanRequest.Change {
    get throws(ArgumentRefusal) {
      let named = self.weight.flatMap(Self.weighed)
      let given = [self.add != nil, self.remove != nil, named != nil].count { $0 }
      guard given == 1, self.add != nil || (self.zone == nil && self.id == nil),
        self.remove == nil || self.weight == nil
      else {
        throw ArgumentRefusal(
          description: "Expected one of --add HOST:PORT (with --weight, --zone, --id as needed),"
            + " --remove NODE and --weight NODE=NUMBER.")
      }
      if let remove = self.remove { return .remove(remove) }
      if let named { return .weigh(named) }
      guard let add = self.add, let weight = Double(self.weight ?? "1") else {
        throw ArgumentRefusal(description: "Expected a number as --weight, such as 1.5.")
      }
      return .add(PlannedNode(id: self.id ?? "\(add)", weight: weight, zone: self.zone ?? ""))
    }
  }

  /// `NODE=NUMBER`; nil: it is something else.
  private static func weighed(_ text: String) -> PlannedNode? {
    guard let sign = text.lastIndex(of: "="),
      let weight = Double(text[text.index(after: sign)...])
    else { return nil }
    return PlannedNode(id: String(text[..<sign]), weight: weight)
  }

  /// The ring may change while its nodes are asked.
  private static let attemptsMax = 3

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let nodes = try await ClusterNodes(knownTo: node)
    let change = try self.resolved(nodes)
    // Those that are not on the ring have nothing that could change owners.
    let asked = nodes.members.filter { $0.status.points > 0 || nodes.members.count == 1 }
    for _ in 0..<Self.attemptsMax {
      let answers = await asked.ask { client throws(CommandFailure) in
        try await client.call(
          AdminMethod.plan, PlanRequest(change: change), for: PlanResponse.self)
      }
      if let failure = ClusterNodes.failure(of: answers) { throw failure }
      let report = PlanReport(
        answers.compactMap { answer in
          guard case .success(let response) = answer.result else { return nil }
          return response
        })
      guard report.isOfOneRing else { continue }
      try StandardStreams.writeOutput(
        Array((self.json ? "\(report.json)\n" : report.text).utf8))
      return
    }
    throw CommandFailure(
      "the ring changes while its nodes are asked: try again", exit: ExitStatus.unavailable)
  }

  /// With ids in the place of addresses.
  private func resolved(
    _ nodes: ClusterNodes
  ) throws(CommandFailure) -> PlanRequest.Change {
    let proposal: PlanRequest.Change
    do throws(ArgumentRefusal) {
      proposal = try self.proposal
    } catch {
      throw CommandFailure(error.description, exit: .validationFailure)
    }
    // A node that is in no cluster says so itself.
    if nodes.members.count == 1 { return proposal }
    switch proposal {
    case .add: return proposal
    case .remove(let name): return .remove(try nodes.member(name).id)
    case .weigh(var node):
      node.id = try nodes.member(node.id).id
      return .weigh(node)
    }
  }
}
