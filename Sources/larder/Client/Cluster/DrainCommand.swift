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

      If entries are left behind when the deadline has passed, or nobody comes for them, the exit status \
      is 1. They are offered to their new owners for some time: drain once more to wait for that.
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

extension DrainStatus {
  /// It is not over yet.
  var isUnderWay: Bool { self.state == "leaving" || self.state == "handing_over" }

  /// As people read it: `left 1,234 entries (56.0 KiB) behind`.
  var words: String {
    switch self.state {
    case "handing_over": "handing over"
    case "left_behind":
      "left \(DecimalText.grouped(self.entriesLeft)) entries"
        + " (\(DecimalText.size(self.bytesLeft))) behind"
    case "not_left": "still on the ring"
    default: self.state
    }
  }

  /// Why it has not ended as it should; nil: it has.
  func failure(of id: String) -> CommandFailure? {
    switch self.state {
    case "drained": return nil
    case "left_behind":
      return CommandFailure(
        "\(id) has \(self.words), which others did not get in time; it offers them to those that"
          + " own them now: drain it once more to wait for that, or stop it to lose them",
        exit: ExitStatus.notMet)
    case "not_left":
      return CommandFailure(
        "\(id) is \(self.words): etcd could not be told in time that it leaves (leave-timeout);"
          + " drain it once more", exit: ExitStatus.unavailable)
    default: return NodeClient.unknownAnswer
    }
  }

  /// Names and units as in Protos/larder/v1/admin.proto.
  var json: JSONText {
    .object([
      ("state", .string(self.state)), ("entries_left", .unsigned(self.entriesLeft)),
      ("bytes_left", .unsigned(self.bytesLeft)),
    ])
  }
}

/// Says on standard error how something goes: over one line on a terminal, else a line for each step.
struct ProgressLine {
  private let isTerminal = StandardStreams.isErrorTerminal
  private var lastStep = ""

  mutating func show(_ step: String, detail: String?) throws(CommandFailure) {
    if self.isTerminal {
      // ESC [ K clears the rest of the line, which may have been longer.
      try Self.write("\r\(step)\(detail.map { "  \($0)" } ?? "")\u{1b}[K")
    } else if step != self.lastStep {
      try Self.write("\(step)\n")
    }
    self.lastStep = step
  }

  /// Leaves the line free for what follows.
  func end() throws(CommandFailure) {
    if self.isTerminal { try Self.write("\r\u{1b}[K") }
  }

  private static func write(_ text: String) throws(CommandFailure) {
    do {
      try StandardStreams.writeError(text)
    } catch {
      throw CommandFailure("standard error cannot be written", exit: ExitStatus.inputOutput)
    }
  }
}
