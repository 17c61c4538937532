import ArgumentParser

/// `larder cluster ...`: what an operator does with a cluster that etcd keeps.
struct ClusterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "See and steer what moves between the nodes of a cluster.",
    discussion: """
      --target is any node of a cluster that etcd keeps; it tells the commands where the others are, at \
      the addresses that they advertise, and these are called with the same token and TLS. With --tokens \
      the caller needs the role admin at all of them. NODE is a node's id, as larder status shows it, or \
      its address.
      """,
    subcommands: [
      MigrationsCommand.self, PauseCommand.self, ResumeCommand.self, CancelCommand.self,
      RateCommand.self, PlanCommand.self, WeightCommand.self, DrainCommand.self,
    ])
}
