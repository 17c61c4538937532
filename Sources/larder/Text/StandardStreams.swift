import Foundation
import Glibc

/// Standard output and standard error, for what is said to people and for raw bytes.
enum StandardStreams {
  /// Prefixes a line with the command's name, as Unix tools do.
  static func complain(_ command: String, _ message: String) throws {
    try Self.writeError("larder \(command): \(message)\n")
  }

  /// Says something beside an answer that is fine as it is.
  static func note(_ command: String, _ message: String) throws(CommandFailure) {
    do {
      try Self.complain(command, message)
    } catch {
      throw Self.failure("standard error cannot be written", error)
    }
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
      // A reader that has had enough, such as `head`, is no error: end as other tools do then.
      if Self.systemError(in: error) == EPIPE {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
      }
      throw Self.failure("standard output cannot be written", error)
    }
  }

  /// Reads standard input, or a file, to its end.
  ///
  /// - Parameter path: Nil for standard input.
  static func read(path: String?) throws(CommandFailure) -> [UInt8] {
    let what = "\(path ?? "standard input") cannot be read"
    let input = try path.map { path throws(CommandFailure) in
      try Self.open(path, O_RDONLY, orSay: what)
    }
    do {
      return Array(try (input ?? .standardInput).readToEnd() ?? Data())
    } catch {
      throw Self.failure(what, error)
    }
  }

  /// Replaces a file by these bytes.
  static func write(_ bytes: [UInt8], path: String) throws(CommandFailure) {
    let what = "\(path) cannot be written"
    let output = try Self.open(path, O_WRONLY | O_CREAT | O_TRUNC, orSay: what)
    do {
      try output.write(contentsOf: Data(bytes))
      try output.close()
    } catch {
      throw Self.failure(what, error)
    }
  }

  static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var isInputTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Not by Foundation, whose errors keep the system's reason to themselves.
  private static func open(
    _ path: String, _ flags: Int32, orSay what: String
  ) throws(CommandFailure) -> FileHandle {
    let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw CommandFailure("\(what): \(Self.words(for: errno))", exit: ExitStatus.inputOutput)
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  private static func failure(_ what: String, _ error: any Error) -> CommandFailure {
    let reason = Self.systemError(in: error).map(Self.words) ?? error.localizedDescription
    return CommandFailure("\(what): \(reason)", exit: ExitStatus.inputOutput)
  }

  /// The system's number for what Foundation reports in its own words.
  private static func systemError(in error: any Error) -> Int32? {
    let outer = error as NSError
    let inner = outer.userInfo[NSUnderlyingErrorKey] as? NSError ?? outer
    return inner.domain == NSPOSIXErrorDomain ? Int32(inner.code) : nil
  }

  /// "No such file or directory".
  private static func words(for number: Int32) -> String {
    String(cString: strerror(number))
  }
}
