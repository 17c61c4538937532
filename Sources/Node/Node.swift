internal import GRPC
public import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// One node of a cache.
public enum Node {
  /// Serves until the process gets SIGTERM or SIGINT; then finishes the calls under way and returns.
  ///
  /// - Throws: what kept the node from starting or from going on, in words for people; a
  ///   `ConfigurationError` where files that the configuration names, or what it says of other nodes, cannot
  ///   be used.
  public static func run(_ configuration: NodeConfiguration, logger: Logger) async throws {
    do {
      try await self.serve(configuration, logger: logger)
    } catch let error as NodeError where error.isOfConfiguration {
      throw ConfigurationError(problems: [.init(settings: [], message: "\(error)")])
    } catch let error as TLSConfigurationError {
      throw ConfigurationError(problems: [.init(settings: [], message: "\(error)")])
    }
  }

  private static func serve(_ configuration: NodeConfiguration, logger: Logger) async throws {
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(
            service: try NodeServer(configuration, logger: logger),
            successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .cancelGroup)
        ],
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: Self.quiet(logger)))
    try await group.run()
  }

  /// The service group tells of every step it takes, which matters only when debugging it.
  private static func quiet(_ logger: Logger) -> Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }
}
