import Foundation
import Node
import Testing

/// The real executable, beside the test bundle in the build folder.
@Suite struct ProcessTests {
  private struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  private func larder(
    _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("larder")
    process.arguments = arguments
    process.environment = environment
    let (output, errors) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    // Both stay far below what a pipe holds, so reading one after the other cannot block.
    let outputBytes = try output.fileHandleForReading.readToEnd() ?? Data()
    let errorBytes = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: outputBytes, as: UTF8.self),
      errors: String(decoding: errorBytes, as: UTF8.self))
  }

  @Test func `the version is printed and succeeds`() throws {
    let outcome = try self.larder(["--version"])
    #expect(outcome.output == "\(LarderVersion.current)\n")
    #expect(outcome.status == 0)
  }

  @Test func `an unknown flag is refused with the nearest one and status 64`() throws {
    let outcome = try self.larder(["serve", "--memroy", "1GiB"])
    #expect(outcome.status == 64)
    #expect(
      outcome.errors.hasPrefix("Error: Unknown option '--memroy'. Did you mean '--memory'?\n"))
  }

  @Test func `a bad configuration is refused whole, before anything is logged, with status 64`()
    throws
  {
    let outcome = try self.larder(
      ["serve", "--loops", "0"], environment: ["LARDER_LOG_LEVEL": "loud"])
    #expect(outcome.status == 64)
    #expect(
      outcome.errors == """
        larder serve: The configuration has 2 problems:
          - LARDER_LOG_LEVEL: "loud" is no level. Expected one of trace, debug, info, notice, \
        warning, error, critical.
          - --loops: "0" is too small. Expected a whole number from 1 to 1024.

        """)
    #expect(outcome.output == "")
  }
}
