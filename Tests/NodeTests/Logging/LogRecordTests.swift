import Foundation
import Logging
import Testing

@testable import Node

@Suite struct LogRecordTests {
  private func line(
    _ style: LogStyle, level: Logger.Level = .info, _ message: String,
    _ metadata: Logger.Metadata = [:]
  ) -> String {
    let record = LogRecord(
      timestamp: LogTimestamp(millisecondsSinceEpoch: 0), level: level, message: message,
      label: "larder", metadata: metadata)
    var line = ""
    record.append(to: &line, style: style)
    return line
  }

  @Test func `text has time, level, message and sorted metadata`() {
    #expect(
      self.line(.text(isColoured: false), "listening", ["port": "7600", "address": "::1"])
        == "1970-01-01T00:00:00.000Z info    listening address=::1 port=7600\n")
  }

  @Test func `a value that is not one word is quoted`() {
    #expect(
      self.line(
        .text(isColoured: false), level: .critical, "m",
        ["a": "b c", "b": "", "c": "x=y", "d": "q\"", "e": "\n", "f": ["1", "2"], "g": "a\\"])
        == "1970-01-01T00:00:00.000Z critical m a=\"b c\" b=\"\" c=\"x=y\" d=\"q\\\"\" e=\"\\n\""
        + " f=[\"1\",\"2\"] g=\"a\\\\\"\n")
  }

  @Test func `only the level is coloured`() {
    #expect(
      self.line(.text(isColoured: true), level: .error, "m")
        == "1970-01-01T00:00:00.000Z \u{1b}[31merror\u{1b}[0m   m\n")
  }

  @Test func `JSON has metadata as fields after its own`() {
    #expect(
      self.line(
        .json, level: .warning, "say \"hi\"",
        [
          "count": .stringConvertible(3), "ok": .stringConvertible(true),
          "list": ["a", ["k": "v"]], "ratio": .stringConvertible(0.5), "b": "x",
        ])
        == "{\"timestamp\":\"1970-01-01T00:00:00.000Z\",\"level\":\"warning\","
        + "\"message\":\"say \\\"hi\\\"\",\"logger\":\"larder\",\"b\":\"x\",\"count\":3,"
        + "\"list\":[\"a\",{\"k\":\"v\"}],\"ok\":true,\"ratio\":\"0.5\"}\n")
  }

  @Test(arguments: ["timestamp", "level", "message", "logger"])
  func `metadata cannot take the place of a field of the record`(key: String) throws {
    let line = self.line(.json, "m", [key: "forged"])
    #expect(line.hasSuffix(",\"metadata.\(key)\":\"forged\"}\n"))
  }

  /// Hostile in every position that a peer's string can reach.
  private static let hostile =
    "\u{1b}[2J\n{\"level\":\"info\"}\r\u{2028}\u{202e}\0\\\"" + "\u{85}"

  @Test(arguments: [LogStyle.json, .text(isColoured: false)])
  func `a hostile string leaves one line without control characters`(style: LogStyle) {
    let line = self.line(
      style, Self.hostile, [Self.hostile: .string(Self.hostile), "n": [.string(Self.hostile)]])
    #expect(line.hasSuffix("\n"))
    #expect(!line.dropLast().unicodeScalars.contains(where: mustBeEscaped))
  }

  @Test func `a hostile string reads back from JSON as it was`() throws {
    let line = self.line(.json, Self.hostile, ["key": .string(Self.hostile)])
    let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
    let fields = try #require(object as? [String: String])
    #expect(fields["message"] == Self.hostile)
    #expect(fields["key"] == Self.hostile)
    #expect(fields["timestamp"] == "1970-01-01T00:00:00.000Z")
  }

  @Test func `a string of 4096 bytes is whole and one byte more is cut`() {
    let longest = String(repeating: "x", count: LogRecord.stringMaxBytes)
    let prefix = "1970-01-01T00:00:00.000Z info    "
    #expect(self.line(.text(isColoured: false), longest) == "\(prefix)\(longest)\n")
    #expect(
      self.line(.text(isColoured: false), longest + "x")
        == "\(prefix)\(longest)... (1 bytes more)\n")
  }

  @Test func `a long string is cut between two characters`() {
    // The euro sign has three bytes; the limit falls behind its first.
    let text = String(repeating: "x", count: LogRecord.stringMaxBytes - 1) + "\u{20AC}"
    let line = self.line(.text(isColoured: false), text)
    #expect(line.hasSuffix("x... (3 bytes more)\n"))
  }
}
