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
    ("", "FILE holds no token"), (" \n", "FILE holds no token"),
    (
      "open sesame",
      "FILE holds something else than a token: one line of A-Z a-z 0-9 - . _ ~ + / ="
    ),
    (
      String(repeating: "s", count: BearerToken.bytesMax + 1),
      "FILE holds more than 4096 characters, which is no token"
    ),
  ])
  func `a file without a token is refused, and what it holds is not shown`(
    text: String, message: String
  ) {
    let failure = #expect(throws: CommandFailure.self) { try Self.token(text) }
    #expect(failure?.message == message)
    #expect(failure?.exit == .validationFailure)
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
