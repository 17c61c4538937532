import ArgumentParser
import GRPC

/// Who the caller is, for nodes that ask: a flag of every client command. A file and never the token
/// itself, which every user of the machine could read in the list of processes.
struct TokenOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Send the bearer token in this file, for a node that runs with --tokens.",
      valueName: "file"))
  var tokenFile: String?

  /// What is in the file, without white space around it; nil: no file was named.
  func token() throws(CommandFailure) -> BearerToken? {
    guard let path = self.tokenFile else { return nil }
    return try Self.token(in: try StandardStreams.read(path: path), path: path)
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
        case .invalidCharacter:
          "holds something else than a token: one line of A-Z a-z 0-9 - . _ ~ + / ="
        }
      throw CommandFailure("\(path) \(problem)", exit: .validationFailure)
    }
  }
}
