import Glibc
import Logging
import Testing

@testable import Node

/// A pipe whose reading end is drained on demand.
private final class Pipe {
  let reader: CInt
  let writer: CInt

  init(isBlocking: Bool = true) throws {
    var ends: [CInt] = [0, 0]
    let status = pipe(&ends)
    try #require(status == 0)
    self.reader = ends[0]
    self.writer = ends[1]
    if !isBlocking {
      let status = fcntl(self.writer, F_SETFL, O_NONBLOCK)
      try #require(status == 0)
    }
  }

  deinit {
    close(self.reader)
    close(self.writer)
  }

  /// What one read(2) gives.
  func read() -> String {
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = Glibc.read(self.reader, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}

@Suite struct LogOutputTests {
  @Test func `lines of many threads come whole`() async throws {
    let pipe = try Pipe()
    let output = LogOutput(descriptor: pipe.writer)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for _ in 0..<50 {
            output.write(String(repeating: "\(task)", count: 100) + "\n")
          }
        }
      }
    }
    let lines = pipe.read().split(separator: "\n")
    #expect(lines.count == 400)
    #expect(lines.allSatisfy { $0.count == 100 && Set($0).count == 1 })
    #expect(output.lostLines == 0)
  }

  @Test func `a line is lost and counted where a full pipe is not read in time`() throws {
    let pipe = try Pipe(isBlocking: false)
    // The smallest pipe that Linux has: one page. 1031 is F_SETPIPE_SZ, which Glibc's module lacks.
    let size = fcntl(pipe.writer, 1_031, 4_096)
    try #require(size == 4_096)
    let output = LogOutput(descriptor: pipe.writer)
    output.write(String(repeating: "x", count: 5_000) + "\n")
    #expect(output.lostLines == 1)
    #expect(pipe.read() == String(repeating: "x", count: 4_096))

    // The next line does not continue the half one.
    output.write("next\n")
    #expect(pipe.read() == "\nnext\n")
    output.write("after\n")
    #expect(pipe.read() == "after\n")
    #expect(output.lostLines == 1)
  }

  @Test func `a line to a closed descriptor is lost and counted`() throws {
    let output = LogOutput(descriptor: -1)
    output.write("gone\n")
    #expect(output.lostLines == 1)
  }

  @Test func `a logger's record is one line with the metadata nearest to the call`() throws {
    let pipe = try Pipe()
    let output = LogOutput(descriptor: pipe.writer)
    var logger = Logger(label: "larder.test") { label, _ in
      NodeLogHandler(
        label: label, level: .info, style: .json, output: output,
        metadataProvider: Logger.MetadataProvider { ["a": "provider", "b": "provider"] })
    }
    logger[metadataKey: "b"] = "logger"
    logger[metadataKey: "c"] = "logger"
    logger.debug("below the level")
    logger.notice("hello", metadata: ["c": "call"])

    let line = pipe.read()
    // {"timestamp":"2026-11-21T01:05:49.123Z" has 40 characters.
    #expect(line.hasPrefix("{\"timestamp\":\"2"))
    #expect(
      line.dropFirst(39)
        == ",\"level\":\"notice\",\"message\":\"hello\",\"logger\":\"larder.test\","
        + "\"a\":\"provider\",\"b\":\"logger\",\"c\":\"call\"}\n")
  }
}
