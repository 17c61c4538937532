import ArgumentParser
import Node

/// The one executable: a node, and what a person needs to talk to it.
///
/// Exit statuses: 0 for success, 64 (EX_USAGE of sysexits.h) for a command line or a configuration
/// that cannot be used, 1 for everything that fails later.
@main
struct Larder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "larder",
    abstract: "A distributed cache for people who speak gRPC.",
    version: LarderVersion.current,
    subcommands: [ServeCommand.self])
}
