import ArgumentParser
import Node

/// The one executable: a node, and what a person needs to talk to it.
///
/// Exit statuses are those of `ExitStatus`, which `larder --help` lists too.
@main
struct Larder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "larder",
    abstract: "A distributed cache for people who speak gRPC.",
    discussion: """
      EXIT STATUS:

        0   done
        1   a miss, or a condition that did not hold; of serve: it could not start or go on
        64  a command line or a configuration that cannot be used
        69  the node could not be reached, or did not answer in time
        70  the node answered with an error
        74  a file, standard input or standard output could not be read or written
      """,
    version: LarderVersion.current,
    subcommands: [ServeCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Entries",
        subcommands: [
          GetCommand.self, SetCommand.self, DeleteCommand.self, IncrementCommand.self,
          TouchCommand.self,
        ]),
      CommandGroup(
        name: "Operation",
        subcommands: [
          StatusCommand.self, HealthCommand.self, RingCommand.self, ClusterCommand.self,
          NamespaceCommand.self, SnapshotCommand.self, BenchCommand.self, SimulateCommand.self,
        ]),
    ])
}
