import Foundation

/// Standard output and standard error, for what is said to people and for raw bytes.
enum StandardStreams {
  /// Prefixes a line with the command's name, as Unix tools do.
  static func complain(_ command: String, _ message: String) throws {
    try Self.writeError("larder \(command): \(message)\n")
  }

  /// Writes to standard error as it is.
  static func writeError(_ text: String) throws {
    try FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Writes a line to standard output.
  static func writeLine(_ text: String) throws(CommandFailure) {
    try Self.writeOutput(Array("\(text)\n".utf8))
  }

  /// Writes bytes to standard output as they are.
  static func writeOutput(_ bytes: [UInt8]) throws(CommandFailure) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(bytes))
    } catch {
      throw CommandFailure(
        "standard output cannot be written: \(reason(of: error))", exit: ExitStatus.inputOutput)
    }
  }

  /// Reads standard input, or a file, to its end.
  ///
  /// - Parameter path: Nil for standard input.
  static func read(path: String?) throws(CommandFailure) -> [UInt8] {
    do {
      guard let path else {
        return Array(try FileHandle.standardInput.readToEnd() ?? Data())
      }
      return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw CommandFailure(
        "\(path ?? "standard input") cannot be read: \(reason(of: error))",
        exit: ExitStatus.inputOutput)
    }
  }

  /// Replaces a file by these bytes.
  static func write(_ bytes: [UInt8], path: String) throws(CommandFailure) {
    do {
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    } catch {
      throw CommandFailure(
        "\(path) cannot be written: \(reason(of: error))", exit: ExitStatus.inputOutput)
    }
  }

  static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// The system's words for an error of Foundation: "No such file or directory".
  private static func reason(of error: any Error) -> String {
    let outer = error as NSError
    let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
    guard inner.domain == NSPOSIXErrorDomain else { return outer.localizedDescription }
    return String(cString: strerror(Int32(inner.code)))
  }
}
