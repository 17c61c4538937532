import ArgumentParser
import LarderAPI
import NIOCore
import Wire

/// `larder status`: what a node is and how it is doing.
struct StatusCommand: ClientCommand {
  static let name = "status"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Show what a node is and how it is doing.",
    discussion: "Counters run since the node started.")

  @Flag(help: "Print everything as JSON, with the names of larder.v1.GetStatusResponse.")
  var json = false

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let report = StatusReport(status: try await node.status())
    if self.json {
      try StandardStreams.writeLine(report.json.description)
    } else {
      try StandardStreams.writeOutput(Array(report.text.utf8))
    }
  }
}

extension NodeClient {
  /// Asks the node what it is and how it is doing.
  func status() async throws(CommandFailure) -> GetStatusResponse {
    let answer = try await self.call(
      AdminMethod.getStatus.path, GetStatusRequest().serialized())
    return try NodeClient.decode { () throws(WireError) in
      try GetStatusResponse(decoding: answer.readableBytesSpan)
    }
  }
}
