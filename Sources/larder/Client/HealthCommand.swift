import ArgumentParser
import GRPCServices
import NIOCore
import Wire

/// `larder health`: asks grpc.health.v1, for health checks of containers and for scripts that wait.
struct HealthCommand: ClientCommand {
  static let name = "health"
  static let configuration = CommandConfiguration(
    commandName: Self.name,
    abstract: "Ask a node whether it is serving.",
    discussion: """
      Prints the status. If it is not SERVING the exit status is 1. Needs no token. The service live \
      is SERVING until the process ends; ready is not while the node joins or drains.
      """)

  @Argument(help: ArgumentHelp("What to ask about: ready, live, or a service's full name."))
  var service = HealthService.ready

  @OptionGroup var target: TargetOptions

  func perform(with node: NodeClient) async throws(CommandFailure) {
    let answer = try await node.call(
      HealthService.checkPath, HealthCheckRequest(service: self.service).serialized())
    let response = try NodeClient.decode { () throws(WireError) in
      try HealthCheckResponse(decoding: answer.readableBytesSpan)
    }
    switch response.status {
    case .serving: try StandardStreams.writeLine("SERVING")
    case .notServing:
      throw CommandFailure("\(self.service) is NOT_SERVING", exit: ExitStatus.notMet)
    default:
      throw CommandFailure(
        "\(self.service) has status \(response.status.rawValue)", exit: ExitStatus.notMet)
    }
  }
}
