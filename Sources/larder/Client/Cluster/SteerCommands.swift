import ArgumentParser
import LarderAPI

/// `larder cluster pause [NODE]`
struct PauseCommand: SelectiveSteerCommand {
  static let name = "cluster pause"
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Pause migrations.",
    discussion: """
      Those under way, and those that begin before they are resumed. Calls are served meanwhile: what \
      an owner does not have yet it fetches. A node that stops waits for them no longer than \
      --handover-timeout.
      """)

  @OptionGroup var selection: MigrationSelection
  @OptionGroup var target: TargetOptions

  var order: SteerMigrationsRequest.Order { .pause }
}

/// `larder cluster resume [NODE]`
struct ResumeCommand: SelectiveSteerCommand {
  static let name = "cluster resume"
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Let migrations go on that were paused.",
    discussion: """
      Of a node, or with one, also where the nodes at their other ends have paused them: those are told \
      too.
      """)

  @OptionGroup var selection: MigrationSelection
  @OptionGroup var target: TargetOptions

  var order: SteerMigrationsRequest.Order { .resume }
}

/// `larder cluster cancel [NODE]`
struct CancelCommand: SelectiveSteerCommand {
  static let name = "cluster cancel"
  static let configuration = CommandConfiguration(
    commandName: "cancel", abstract: "Cancel migrations that are under way.",
    discussion: """
      Entries that have not been moved yet are lost: their keys are misses. Who owns which keys stays as \
      it is.
      """)

  @OptionGroup var selection: MigrationSelection
  @OptionGroup var target: TargetOptions

  var order: SteerMigrationsRequest.Order { .cancel }
}

/// `larder cluster rate RATE [NODE]`
struct RateCommand: SteerCommand {
  static let name = "cluster rate"
  static let configuration = CommandConfiguration(
    commandName: "rate", abstract: "Change how fast nodes send entries to others.",
    discussion: """
      All migrations of a node together, from now on and until it ends: it starts with its \
      --migration-rate again, and so does a node that joins later.

        larder cluster rate 16MiB
        larder cluster rate unlimited 10.0.0.7:7600
      """)

  @Argument(
    help: "Bytes a second, such as 512KiB or 16MiB; 0 or unlimited: as fast as it goes.",
    transform: Self.rate)
  var rate: UInt64

  @Argument(help: "The node; all of them, if none is named.")
  var node: String?

  @OptionGroup var target: TargetOptions

  var order: SteerMigrationsRequest.Order { .rate(bytesPerSecond: self.rate) }
  var peer: String? { nil }

  static func rate(_ text: String) throws(ArgumentRefusal) -> UInt64 {
    if text == "unlimited" { return 0 }
    do throws(ArgumentRefusal) {
      return UInt64(try ArgumentText.size(text.hasSuffix("/s") ? String(text.dropLast(2)) : text))
    } catch {
      throw ArgumentRefusal(
        description: "expected bytes a second, such as 512KiB or 16MiB, or 0 or unlimited")
    }
  }
}

/// Whose migrations are meant.
struct MigrationSelection: ParsableArguments {
  @Argument(help: "The node; all of them, if none is named.")
  var node: String?

  @Option(
    name: .customLong("with"),
    help: ArgumentHelp("Only its migrations with this node.", valueName: "node"))
  var peer: String?
}

/// A command that tells one node, or all, what to do with their migrations.
protocol SteerCommand: ClientCommand {
  /// Nil: all.
  var node: String? { get }
  /// At the other end; nil: all.
  var peer: String? { get }
  var order: SteerMigrationsRequest.Order { get }
}

/// One that can be about migrations with one other node.
protocol SelectiveSteerCommand: SteerCommand {
  var selection: MigrationSelection { get }
}

extension SelectiveSteerCommand {
  var node: String? { self.selection.node }
  var peer: String? { self.selection.peer }
}

extension SteerCommand {
  func perform(with node: NodeClient) async throws(CommandFailure) {
    let nodes = try await ClusterNodes(knownTo: node)
    let id = try self.node.map { name throws(CommandFailure) in try nodes.member(name).id }
    let peer = try self.peer.map { name throws(CommandFailure) in try nodes.member(name).id }
    // A node has no migrations with itself.
    let told = nodes.members.filter { (id == nil || $0.id == id) && $0.id != peer }
    var failures = try await self.tell(told, with: peer)
    // Either end may have paused a migration; any end can pause or cancel it.
    if self.order == .resume {
      let others = nodes.members.filter { other in
        other.id != id && (peer.map { other.id == $0 } ?? (id != nil))
      }
      failures += try await self.tell(others, with: id)
    }
    if let failure = ClusterNodes.failure(of: failures) { throw failure }
  }

  /// Gives the order to nodes, and says what has come of it.
  ///
  /// - Returns: what those have answered that have not followed it.
  private func tell(
    _ members: [ClusterNodes.Member], with peer: String?
  ) async throws(CommandFailure) -> [ClusterNodes.Answered<SteerMigrationsResponse>] {
    let request = SteerMigrationsRequest(peerID: peer ?? "", order: self.order)
    let answers = await members.ask { client throws(CommandFailure) in
      try await client.call(AdminMethod.steerMigrations, request, for: SteerMigrationsResponse.self)
    }
    let report = SteerReport(order: self.order, with: peer, answers)
    try StandardStreams.writeOutput(Array(report.text.utf8))
    return answers.filter { if case .failure = $0.result { true } else { false } }
  }
}

/// What has come of an order, a line for each node that has followed it.
struct SteerReport {
  let order: SteerMigrationsRequest.Order
  /// At the other end; nil: all.
  let peer: String?
  let answers: [ClusterNodes.Answered<SteerMigrationsResponse>]

  init(
    order: SteerMigrationsRequest.Order, with peer: String? = nil,
    _ answers: [ClusterNodes.Answered<SteerMigrationsResponse>]
  ) {
    self.order = order
    self.peer = peer
    self.answers = answers
  }

  var text: String {
    self.answers.map { answer in
      guard case .success(let response) = answer.result else { return "" }
      return "\(answer.id): \(self.outcome(response))\n"
    }.joined()
  }

  private func outcome(_ response: SteerMigrationsResponse) -> String {
    let count = response.migrations.migrations.count
    let migrations = count == 1 ? "1 migration" : "\(count) migrations"
    switch self.order {
    case .pause:
      return self.peer.map { "paused with \($0)" } ?? "paused, with \(migrations) under way"
    case .resume:
      return self.peer.map { "resumed with \($0)" } ?? "resumed, with \(migrations) under way"
    case .cancel: return "\(response.cancelled) cancelled"
    case .rate:
      let rate = response.migrations.rateLimit
      return rate == 0 ? "sends as fast as it goes" : "sends \(MigrationsReport.rate(rate))"
    }
  }
}
