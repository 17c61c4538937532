import ArgumentParser
import GRPC

/// How the client commands end, beside success (0) and a bad command line (64, from the argument
/// parser). The numbers from 64 are those of BSD's sysexits.h, so that scripts can tell a miss
/// from a cache that is down.
enum ExitStatus {
  /// A miss, or a condition that did not hold: an answer, not an error.
  static let notMet = ExitCode(1)
  /// EX_UNAVAILABLE: the node could not be reached, or did not answer in time.
  static let unavailable = ExitCode(69)
  /// EX_SOFTWARE: the node answered with an error.
  static let refused = ExitCode(70)
  /// EX_IOERR: a file, standard input or standard output failed.
  static let inputOutput = ExitCode(74)
}

/// Why a command did not do what it was asked for: one line for people, one number for scripts.
struct CommandFailure: Error, Equatable {
  /// Without the command's name in front, and without a full stop.
  let message: String
  let exit: ExitCode

  init(_ message: String, exit: ExitCode) {
    self.message = message
    self.exit = exit
  }

  /// What a call ended with: `NOT_FOUND: namespace "x" is not configured (NAMESPACE_UNKNOWN)`.
  init(_ status: Status) {
    let reason = status.info.map { $0.reason.isEmpty ? "" : " (\($0.reason))" } ?? ""
    self.message = status.description + reason
    // A reason is a node's: what fails on the way to it has none.
    self.exit = reason.isEmpty ? Self.exit(for: status.code) : ExitStatus.refused
  }

  /// A deadline that passed counts as unavailable: it is the client that noticed, not the node.
  static func exit(for code: StatusCode) -> ExitCode {
    switch code {
    case .unavailable, .deadlineExceeded: ExitStatus.unavailable
    default: ExitStatus.refused
    }
  }
}
