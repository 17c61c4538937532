import Testing

@testable import larder

@Suite struct JSONTextTests {
  @Test func `members keep the order they were given in`() {
    let json = JSONText.object([
      ("b", .integer(-1)), ("a", .array([.null, .bool(true), .unsigned(.max)])),
    ])
    #expect(json.description == #"{"b":-1,"a":[null,true,18446744073709551615]}"#)
  }

  @Test func `quotes, backslashes and control characters are escaped, and nothing else`() {
    let text = JSONText.string("\"\\\n\r\t\u{1}\u{1f}\u{7f}é/").description
    #expect(text == #""\"\\\n\r\t\u0001\u001f"# + "\u{7f}é/\"")
  }

  @Test func `a number that is not finite becomes null`() {
    #expect(JSONText.decimal(.nan, places: 1).description == "null")
    #expect(JSONText.decimal(.infinity, places: 1).description == "null")
    #expect(JSONText.decimal(2.25, places: 3).description == "2.250")
  }
}

@Suite struct DecimalTextTests {
  @Test func `thousands are grouped from the right`() {
    #expect(
      [0, 999, 1_000, 1_234_567].map(DecimalText.grouped) == ["0", "999", "1,000", "1,234,567"])
  }

  @Test func `a share of nothing is a dash`() {
    #expect(DecimalText.percent(0, of: 0) == "-")
    #expect(DecimalText.percent(1, of: 8) == "12.5 %")
  }

  @Test func `sizes change their unit at 1024`() {
    #expect(
      [0, 1_023, 1_024, 1_536, 1 << 20, 5 << 40, 5 << 50].map(DecimalText.size) == [
        "0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "5.0 TiB", "5120.0 TiB",
      ])
  }

  @Test func `latencies change their unit at a thousand`() {
    #expect(
      [100, 999_900, 1_000_000, 1_250_000_000].map(DecimalText.latency(nanoseconds:)) == [
        "0.1 µs", "999.9 µs", "1.00 ms", "1.250 s",
      ])
  }

  @Test func `an uptime has its two largest units`() {
    let texts = [0, 999, 61_000, 3_600_000, 90_061_000].map(DecimalText.uptime(milliseconds:))
    #expect(texts == ["0s", "0s", "1m 1s", "1h", "1d 1h"])
  }

  @Test func `short numbers have four digits at most, or all before the point`() {
    #expect(
      [0.9, 1.0 / 3, 20_000, 123_456.5].map(DecimalText.short) == [
        "0.9", "0.3333", "20000", "123456",
      ])
  }
}

@Suite struct TextTableTests {
  @Test func `columns are as wide as their widest cell, and lines end without spaces`() {
    var table = TextTable([.left, .right, .left])
    table.add(["a", "1", "x"])
    table.add(["long", "12345", ""])
    #expect(table.text == "a         1  x\nlong  12345\n")
  }

  @Test func `a table without rows is empty`() {
    #expect(TextTable([.left]).text == "")
  }
}
