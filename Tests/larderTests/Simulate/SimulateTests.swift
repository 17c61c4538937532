import ArgumentParser
import CacheStore
import Foundation
import Testing

@testable import larder

@Suite struct SimulateTests {
  private func keys(
    _ format: TraceFormat, _ pieces: [[UInt8]], skipsHeader: Bool = false
  ) throws -> [UInt64] {
    var parser = TraceParser(format, skipsHeader: skipsHeader)
    var keys: [UInt64] = []
    for piece in pieces { try parser.parse(piece, into: &keys) }
    try parser.finish(into: &keys)
    return keys
  }

  @Test func `four-byte keys are read in pieces of any size`() throws {
    let bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0x80, 1, 0, 0, 0]
    for size in 1...12 {
      let pieces = stride(from: 0, to: 12, by: size).map { Array(bytes[$0..<min($0 + size, 12)]) }
      #expect(try self.keys(.uint32, pieces) == [1, 0x8000_0000, 1])
    }
    #expect(throws: TraceParser.Failure.self) { try self.keys(.uint32, [[1, 2, 3, 4, 5]]) }
  }

  @Test func `lines of CSV are requests for the key of one column, in pieces of any size`() throws {
    let text = Array("time,key\r\n1,a\n2,b,x\n\n3,a".utf8)
    for size in 1...text.count {
      let pieces = stride(from: 0, to: text.count, by: size)
        .map { Array(text[$0..<min($0 + size, text.count)]) }
      let keys = try self.keys(.csv(column: 2), pieces, skipsHeader: true)
      #expect(keys.count == 3)
      #expect(keys[0] == keys[2] && keys[0] != keys[1])
    }
    #expect(
      throws: TraceParser.Failure(message: "line 2 has no column 2")
    ) { try self.keys(.csv(column: 2), [Array("1,a\n2\n".utf8)]) }
  }

  @Test func `a line without end is refused`() {
    #expect(throws: TraceParser.Failure.self) {
      try self.keys(
        .csv(column: 1), [[UInt8](repeating: 65, count: TraceParser.lineBytesMax + 1)])
    }
  }

  @Test func `sizes are entries or a share of the keys`() throws {
    let sizes = try SimulationSizes(parsing: "1000,5%").sizes
    #expect(sizes.map { $0.entries(ofDistinct: 186_880) } == [1000, 9344])
    #expect(SimulationSize.percent(0.001).entries(ofDistinct: 10) == 1)
    for bad in ["", "0", "x", "0%", "101%", "1,", "-1", "1.5"] {
      #expect(throws: ArgumentRefusal.self, "\(bad)") { try SimulationSizes(parsing: bad) }
    }
    #expect(throws: ArgumentRefusal.self) { try SimulationPolicies(parsing: "lru,clock") }
  }

  @Test func `the name of the file tells the format, unless it is said`() throws {
    func format(_ arguments: String...) throws -> TraceFormat? {
      try SimulateCommand.parse(arguments).traceFormat
    }
    #expect(try format("a.csv") == .csv(column: 1))
    #expect(try format("a.csv.gz", "--key-column", "3") == .csv(column: 3))
    #expect(try format("a.u32.gz") == .uint32)
    #expect(try format("a.bin") == nil)
    #expect(try format("a.bin", "--format", "u32") == .uint32)
  }

  @Test func `the report has a line for each size, and the curve a point`() {
    let report = HitRatioReport(
      requests: 2000, distinctKeys: 1000, policies: [.lru, .s3FIFO], sizes: [10, 50],
      ratios: [[0.25, 0.5], [0.75, 0.75]])
    #expect(
      report.text == """
        2,000 requests for 1,000 keys; hits in per cent, the best with *

        entries  of keys    lru    s3-fifo
             10    1.0 %  25.00      50.00 *
             50    5.0 %  75.00 *    75.00 *

        """)
    #expect(report.svg.components(separatedBy: "<circle").count - 1 == 4)
    #expect(report.svg.components(separatedBy: "<polyline").count - 1 == 2)
  }

  @Test func `a trace is replayed as it lies there and compressed, and what is cut off is refused`()
    throws
  {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("simulate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
    let plain = folder.appendingPathComponent("t.u32").path
    let bytes: [UInt8] = (0..<10_000).flatMap { index -> [UInt8] in [UInt8(index % 250), 0, 0, 0] }
    try StandardStreams.write(bytes, path: plain)
    let packed = folder.appendingPathComponent("t.u32.gz").path
    let gzip = Process()
    gzip.executableURL = URL(fileURLWithPath: "/bin/sh")
    gzip.arguments = ["-c", "gzip -c '\(plain)' > '\(packed)'"]
    try gzip.run()
    gzip.waitUntilExit()
    for path in [plain, packed] {
      var seen = 0
      let keys = try TraceFile(path: path).keys(.uint32, skipsHeader: false) { seen = $0 }
      #expect(keys == (0..<10_000).map { UInt64($0 % 250) })
      #expect(seen == 10_000)
    }
    let whole = try StandardStreams.read(path: packed)
    try StandardStreams.write(Array(whole.dropLast(9)), path: packed)
    #expect(throws: CommandFailure.self) {
      _ = try TraceFile(path: packed).keys(.uint32, skipsHeader: false) { _ in }
    }
    #expect(throws: CommandFailure.self) {
      _ = try TraceFile(path: plain + "x").keys(.uint32, skipsHeader: false) { _ in }
    }
  }

  @Test func `the bar fills up`() {
    #expect(SimulationProgress.bar(thousandths: 0).contains("[....."))
    #expect(SimulationProgress.bar(thousandths: 1000).hasSuffix("#] 100.0 %"))
  }
}
