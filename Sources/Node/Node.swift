public import Logging
internal import ServiceLifecycle
internal import UnixSignals

/// One node of a cache.
public enum Node {
  /// Serves until the process gets SIGTERM or SIGINT; then finishes the calls under way and returns.
  ///
  /// - Throws: what kept the node from starting, in words for people.
  public static func run(_ configuration: NodeConfiguration, logger: Logger) async throws {
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
