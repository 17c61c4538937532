public import Logging

/// One node of a cache.
public enum Node {
  /// Logs the configuration that a node would run with. It does not serve yet.
  public static func run(_ configuration: NodeConfiguration, logger: Logger) async throws {
    var metadata: Logger.Metadata = [:]
    for (name, value) in configuration.settings { metadata[name] = .string(value) }
    logger.info("configuration", metadata: metadata)
  }
}
