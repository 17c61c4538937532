import Foundation
import Testing

/// A real `larder serve` beside the test bundle, and the commands that talk to it.
final class TestNode {
  /// How a command ended.
  struct Outcome {
    let status: Int32
    let output: String
    let errors: String
  }

  struct NotReady: Error {}

  let target: String
  private let server = Process()

  /// Starts a node on a free port and waits until it answers.
  init() throws {
    self.target = "127.0.0.1:\(try Self.freePort())"
    self.server.executableURL = Self.executable
    self.server.arguments = [
      "serve", "--listen", self.target, "--memory", "64MiB", "--admin", "off",
    ]
    self.server.environment = [:]
    self.server.standardOutput = FileHandle.nullDevice
    self.server.standardError = FileHandle.nullDevice
    try self.server.run()
    for _ in 0..<200 {
      if try self.run("status").status == 0 { return }
      Thread.sleep(forTimeInterval: 0.05)
    }
    throw NotReady()
  }

  deinit {
    self.server.terminate()
    self.server.waitUntilExit()
  }

  /// Runs a client command against the node.
  func run(_ arguments: String..., input: [UInt8]? = nil) throws -> Outcome {
    try self.run(arguments: arguments, input: input)
  }

  func run(arguments: [String], input: [UInt8]? = nil) throws -> Outcome {
    let process = Process()
    process.executableURL = Self.executable
    process.arguments = arguments + ["--target", self.target]
    process.environment = [:]
    let (output, errors, stdin) = (Pipe(), Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = input == nil ? FileHandle.nullDevice : stdin
    try process.run()
    if let input {
      try stdin.fileHandleForWriting.write(contentsOf: Data(input))
      try stdin.fileHandleForWriting.close()
    }
    // Both stay far below what a pipe holds, so reading one after the other cannot block.
    let outputBytes = try output.fileHandleForReading.readToEnd() ?? Data()
    let errorBytes = try errors.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: outputBytes, as: UTF8.self),
      errors: String(decoding: errorBytes, as: UTF8.self))
  }

  private static var executable: URL {
    URL(fileURLWithPath: CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("larder")
  }

  /// A port that nobody listens on now.
  static func freePort() throws -> UInt16 {
    let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(probe) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { address in
      // Both are the C API's own view of one address.
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(probe, $0, length) == 0 && getsockname(probe, $0, &length) == 0
      }
    }
    guard isBound else { throw NotReady() }
    return UInt16(bigEndian: address.sin_port)
  }
}
