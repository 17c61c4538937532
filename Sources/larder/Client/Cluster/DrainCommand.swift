import ArgumentParser
import LarderAPI

/// `larder cluster drain NODE`
struct DrainCommand: ClientCommand {
  static let name = "cluster drain"
  static let configuration = CommandConfiguration(
    commandName: "drain",
    abstract: "Have a node hand all its entries over and leave the ring.",
    discussion: """
      Waits until others have all that the node held, and shows how far they are; the drain goes on when \
      the command does not. The node runs on: calls that it still gets it passes on to the new owners, \
      and it says NOT_SERVING to those who ask for its health, as load balancers do. Stop it then: it ends at \
      once. When it starts again it is back on the ring.

      If entries are left behind when the deadline has passed, the exit status is 1, and it is said who has \
      not got them. Nodes that give no sign of life for longer than twice --lease-ttl and 5 s are not waited for: \
      those that are dead are off the ring by then, and others get what they were to get. What is left is \
      offered to its new owners for some time: drain once more to wait for that.
      """)

  @Argument(help: "The node.")
  var node: String

  @Option(
    help: ArgumentHelp(
      "How long others may take to get the entries. (default: the node's --handover-timeout)",
      valueName: "duration"),
    transform: ArgumentText.duration)
  var deadline: Int64?

  @OptionGroup var target: TargetOptions

  /// Between two looks at how far it is.
  private static let interval = 0.25

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let member = try await ClusterNodes(knownTo: node).member(self.node)
    // A duration flag is at least 1, so nothing is lost.
    let request = DrainRequest(timeoutMilliseconds: UInt64(self.deadline ?? 0))
    var status: DrainStatus = try await member.client.call(AdminMethod.drain, request)
    var line = ProgressLine()
    while status.isUnderWay {
      let report = MigrationsReport([
        .init(id: member.id, result: .success(try await member.client.migrations()))
      ])
      try line.show(status.words, detail: report.summary)
      try await Pause.seconds(Self.interval)
      // To be asked again would begin it anew, where entries were left behind.
      guard let now = try await member.client.status().cluster?.drain else {
        try line.end()
        throw CommandFailure(
          "\(member.id) has started again, and is not draining any more", exit: ExitStatus.refused)
      }
      status = now
    }
    try line.end()
    if let failure = status.failure(of: member.id) { throw failure }
    try StandardStreams.writeLine("\(member.id) is drained: nothing is left on it")
  }
}
