import ArgumentParser
import Testing

@testable import larder

/// How the files of TLS are refused: by flag, path, problem and remedy.
@Suite struct ClientTLSOptionsTests {
  private func refusal(_ flags: [String]) throws -> CommandFailure? {
    let options = try ClientTLSOptions.parse(flags)
    return #expect(throws: CommandFailure.self) { _ = try options.load() }
  }

  @Test(arguments: [
    (["--tls-ca", "/nonexistent"], "--tls-ca: /nonexistent"),
    (["--tls-cert", "/nonexistent", "--tls-key", "/dev/null"], "--tls-cert: /nonexistent"),
    (["--tls-cert", "/dev/null", "--tls-key", "/nonexistent"], "--tls-key: /nonexistent"),
  ])
  func `a file that is not there`(flags: [String], start: String) throws {
    let failure = try self.refusal(flags)
    #expect(
      failure?.message == "\(start) cannot be read: No such file or directory; expected a PEM file"
        + " that you may read")
    #expect(failure?.exit == ExitStatus.inputOutput)
  }

  @Test(arguments: [
    (["--tls-ca", "/dev/null"], "--tls-ca: /dev/null holds no certificate that can be read."),
    (
      ["--tls-cert", "/dev/null", "--tls-key", "/dev/null"],
      "--tls-cert: /dev/null holds no certificate that can be read."
    ),
  ])
  func `a file without what it is for`(flags: [String], start: String) throws {
    #expect(try self.refusal(flags)?.message.hasPrefix("\(start) Expected PEM: ") == true)
  }

  @Test(arguments: ["127.0.0.1", "::1", "two words", ""])
  func `a server name that is none is a usage error`(name: String) throws {
    let error = try #require(throws: (any Error).self) {
      try Larder.parseAsRoot(["get", "k", "--tls-server-name", name])
    }
    #expect(Larder.exitCode(for: error) == .validationFailure)
    #expect(Larder.message(for: error).contains("'--tls-server-name <name>': expected a DNS name"))
  }
}
