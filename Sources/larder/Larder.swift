import ArgumentParser

/// The one executable: a node, and what a person needs to talk to it.
@main
struct Larder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "larder",
    abstract: "A distributed cache for people who speak gRPC.")
}
