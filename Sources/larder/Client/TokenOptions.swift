import ArgumentParser
import GRPC
import Node

/// Who the caller is, for nodes that ask: a flag of every client command. A file and never the token
/// itself, which every user of the machine could read in the list of processes.
struct TokenOptions: ParsableArguments {
  /// The token, and white space around it.
  static let fileMaxBytes = 2 * BearerToken.bytesMax

  @Option(
    help: ArgumentHelp(
      "Send the bearer token in this file, for a node that runs with --tokens.",
      valueName: "file"))
  var tokenFile: String?

  /// What is in the file, without white space around it; nil: no file was named.
  func token() throws(CommandFailure) -> BearerToken? {
    guard let path = self.tokenFile else { return nil }
    let text: String
    do throws(FileProblem) {
      text = try readText(path: path, bytesMax: Self.fileMaxBytes)
    } catch {
      throw Self.failure(path, error.reason, exit: ExitStatus.inputOutput)
    }
    return try Self.token(in: Array(text.utf8), path: path)
  }

  /// - Parameter path: For messages, which never show the token.
  static func token(in bytes: [UInt8], path: String) throws(CommandFailure) -> BearerToken {
    let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0a, 0x0d].contains(byte) }
    let text = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
    do {
      return try BearerToken(Array(text))
    } catch {
      let problem =
        switch error {
        case .empty: "holds no token"
        case .tooLong: "holds more than \(BearerToken.bytesMax) characters, which is no token"
        case .invalidCharacter: "holds something else than a token"
        }
      throw Self.failure(path, problem, exit: .validationFailure)
    }
  }

  private static func failure(_ path: String, _ problem: String, exit: ExitCode) -> CommandFailure {
    CommandFailure(
      "--token-file: \(path) \(problem); expected a file that you may read with one line of A-Z a-z"
        + " 0-9 - . _ ~ + / =", exit: exit)
  }
}
