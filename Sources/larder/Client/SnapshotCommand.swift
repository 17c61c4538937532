import ArgumentParser
import LarderAPI
import NIOCore
import Wire

/// `larder snapshot`: has a node write its entries to disk now.
struct SnapshotCommand: ClientCommand {
  static let name = "snapshot"
  /// Gibibytes take their time.
  static let timeoutMilliseconds: Int64 = 600_000
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Have a node write its snapshot now.",
    discussion: """
      The node needs --snapshot-dir. It goes on serving meanwhile, and writes on when this command \
      does not wait any more. Waits ten minutes unless --timeout says otherwise.
      """)

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let answer = try await node.call(AdminMethod.snapshot.path, SnapshotRequest().serialized())
    let response = try NodeClient.decode { () throws(WireError) in
      try SnapshotResponse(decoding: answer.readableBytesSpan)
    }
    try StandardStreams.writeLine(
      "\(response.entries) entries, \(response.bytes) bytes in"
        + " \(response.durationMilliseconds) ms: \(response.path)")
  }
}
