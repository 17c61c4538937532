import ArgumentParser
import LarderAPI

/// `larder cluster migrations`
struct MigrationsCommand: ClientCommand {
  static let name = "cluster migrations"
  static let configuration = CommandConfiguration(
    commandName: "migrations",
    abstract: "Show which entries are on their way, and how far they are.",
    discussion: """
      Asks all nodes. A line for each migration: the part of all keys that it is about, how far it is, \
      what has moved, how fast over the last five seconds, and how long it takes at that rate. Then a \
      line for each node: the rate that it is held to, and what it has sent and received since it \
      started.
      """)

  @Flag(help: "Show it anew each second, until Ctrl-C.")
  var watch = false

  @Flag(help: "Print it as JSON; with --watch, a line each second.")
  var json = false

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    var screen = Screen()
    while true {
      let nodes = try await ClusterNodes(knownTo: node)
      let answers = await nodes.members.ask { client throws(CommandFailure) in
        try await client.migrations()
      }
      let report = MigrationsReport(answers)
      // Where nobody answers there is nothing to be shown.
      if report.nodes.isEmpty, let failure = ClusterNodes.failure(of: answers) { throw failure }
      if self.json {
        try StandardStreams.writeLine(report.json.description)
      } else if self.watch {
        try screen.show(report.text)
      } else {
        try StandardStreams.writeOutput(Array(report.text.utf8))
      }
      guard self.watch else {
        if let failure = ClusterNodes.failure(of: answers) { throw failure }
        return
      }
      try await Pause.seconds(1)
    }
  }
}

extension NodeClient {
  /// What is on its way between the node and others.
  func migrations() async throws(CommandFailure) -> MigrationsStatus {
    try await self.call(AdminMethod.getMigrations, GetMigrationsRequest())
  }
}
