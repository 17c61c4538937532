import ArgumentParser
import GRPC
import Testing

@testable import larder

@Suite struct TokenOptionsTests {
  private static func token(_ text: String) throws -> [UInt8] {
    try TokenOptions.token(in: Array(text.utf8), path: "FILE").bytes
  }

  @Test(arguments: ["sesame", "sesame\n", "  sesame\r\n\n", "\tsesame "])
  func `a token file holds the token, and white space around it does not matter`(
    text: String
  ) throws {
    #expect(try Self.token(text) == Array("sesame".utf8))
  }

  @Test(arguments: [
    ("", "holds no token"), (" \n", "holds no token"),
    ("open sesame", "holds something else than a token"),
    (
      String(repeating: "s", count: BearerToken.bytesMax + 1),
      "holds more than 4096 characters, which is no token"
    ),
  ])
  func `a file without a token is refused, and what it holds is not shown`(
    text: String, message: String
  ) {
    let failure = #expect(throws: CommandFailure.self) { try Self.token(text) }
    #expect(
      failure?.message == "--token-file: FILE \(message); expected a file that you may read with"
        + " one line of A-Z a-z 0-9 - . _ ~ + / =")
    #expect(failure?.exit == .validationFailure)
  }

  @Test(arguments: [
    ("/nonexistent", "cannot be read: No such file or directory"),
    ("/", "cannot be read: Is a directory"), ("/dev/zero", "is larger than 8KiB"),
  ])
  func `a file that gives no text is refused by flag and path`(path: String, problem: String) {
    let failure = #expect(throws: CommandFailure.self) {
      try TokenOptions.parse(["--token-file", path]).token()
    }
    #expect(failure?.message.hasPrefix("--token-file: \(path) \(problem); expected") == true)
    #expect(failure?.exit == ExitStatus.inputOutput)
  }

  @Test func `without the flag there is no token`() throws {
    #expect(try TokenOptions.parse([]).token() == nil)
  }

  @Test func `every client command takes a token file`() throws {
    #expect(
      try GetCommand.parse(["k", "--token-file", "f"]).target.credentials.tokenFile == "f")
    #expect(try BenchCommand.parse(["--token-file", "f"]).load.credentials.tokenFile == "f")
  }
}
