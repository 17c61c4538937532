import Testing

@testable import Node

@Suite struct LogTextTests {
  @Test(arguments: [
    ("plain text", "plain text"), ("b\u{fc}cher \u{1F980}", "b\u{fc}cher \u{1F980}"),
    ("a\\b", "a\\b"),
    ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\0", "\\u0000"), ("\u{1b}[2J", "\\u001b[2J"),
    ("\u{7f}\u{9b}", "\\u007f\\u009b"), ("\u{2028}\u{2029}", "\\u2028\\u2029"),
    ("\u{202e}txt.exe", "\\u202etxt.exe"), ("\u{2066}\u{200f}\u{feff}", "\\u2066\\u200f\\ufeff"),
    ("\r\n", "\\r\\n"),
  ])
  func `what could break a line or fool a reader is escaped`(text: String, escaped: String) {
    #expect(escapedForPeople(text) == escaped)
  }

  @Test(arguments: [
    ("", "\"\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("\n\u{1}", "\"\\n\\u0001\""),
    ("/", "\"/\""),
    ("\u{1F980}", "\"\u{1F980}\""), ("e\u{301}\"\u{301}", "\"e\u{301}\\\"\u{301}\""),
  ])
  func `a JSON string is escaped as RFC 8259 demands`(text: String, json: String) {
    var line = ""
    line.appendJSON(text)
    #expect(line.unicodeScalars.elementsEqual(json.unicodeScalars))
  }

  /// Expected values by date(1): `date -u -d @SECONDS`.
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
      (1_795_223_149_123, "2026-11-21T01:05:49.123Z"),
      (951_782_399_999, "2000-02-28T23:59:59.999Z"),
      (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
      (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
      (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
      (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
      (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ] as [(Int64, String)])
  func `a moment is written in UTC to the millisecond`(milliseconds: Int64, text: String) {
    var line = ""
    LogTimestamp(millisecondsSinceEpoch: milliseconds).append(to: &line)
    #expect(line == text)
  }

  @Test(arguments: [
    (LogFormat.auto, true, [:], LogStyle.text(isColoured: true)),
    (.auto, true, ["NO_COLOR": "1"], .text(isColoured: false)),
    (.auto, true, ["NO_COLOR": ""], .text(isColoured: true)),
    (.auto, true, ["TERM": "dumb"], .text(isColoured: false)),
    (.auto, false, [:], .json),
    (.text, true, [:], .text(isColoured: true)),
    (.text, false, [:], .text(isColoured: false)),
    (.json, true, [:], .json),
  ])
  func `the format, the terminal and NO_COLOR decide the style`(
    format: LogFormat, isTerminal: Bool, environment: [String: String], style: LogStyle
  ) {
    #expect(LogStyle(format, isTerminal: isTerminal, environment: environment) == style)
  }
}
