internal import Glibc
public import Logging

/// Writes records as lines of text or JSON. `bootstrap` makes it the process's log handler.
public struct NodeLogHandler: LogHandler {
  /// Goes into every record of this logger.
  public var metadata: Logger.Metadata = [:]
  /// Records below it are not written.
  public var logLevel: Logger.Level
  /// Asked at every record.
  public var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let style: LogStyle
  private let output: LogOutput

  init(
    label: String, level: Logger.Level, style: LogStyle, output: LogOutput,
    metadataProvider: Logger.MetadataProvider? = nil
  ) {
    self.label = label
    self.logLevel = level
    self.style = style
    self.output = output
    self.metadataProvider = metadataProvider
  }

  /// Makes every `Logger` of the process write to standard error. Once per process, as swift-log
  /// has it; traps the second time.
  ///
  /// - Parameter environment: For `NO_COLOR` and `TERM`.
  public static func bootstrap(
    level: Logger.Level, format: LogFormat, environment: [String: String]
  ) {
    let style = LogStyle(
      format, isTerminal: isatty(STDERR_FILENO) == 1, environment: environment)
    let output = LogOutput.standardError
    LoggingSystem.bootstrap(
      { label, provider in
        NodeLogHandler(
          label: label, level: level, style: style, output: output, metadataProvider: provider)
      },
      metadataProvider: nil)
  }

  /// One entry of `metadata`.
  public subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { self.metadata[key] }
    set { self.metadata[key] = newValue }
  }

  /// Writes one record. What is nearest to the call wins: its own metadata, then the
  /// logger's, then the provider's.
  public func log(event: LogEvent) {
    var metadata = self.metadataProvider?.get() ?? [:]
    metadata.merge(self.metadata) { _, new in new }
    if let own = event.metadata { metadata.merge(own) { _, new in new } }
    if let error = event.error, metadata["error"] == nil { metadata["error"] = "\(error)" }

    let record = LogRecord(
      timestamp: LogTimestamp.now(), level: event.level, message: event.message.description,
      label: self.label, metadata: metadata)
    var line = ""
    record.append(to: &line, style: self.style)
    self.output.write(line)
  }
}
