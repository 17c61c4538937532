import Testing

@testable import GRPC

private func decode(_ bytes: [UInt8]) -> String { PercentEncoding.decode(bytes.span.bytes) }
private func decode(_ text: String) -> String { decode(Array(text.utf8)) }
private func encode(_ text: String) -> String {
  String(decoding: PercentEncoding.encode(text), as: UTF8.self)
}

@Suite struct PercentEncodingTests {
  @Test func `printable ASCII stays as it is, but for the percent sign`() {
    for byte in UInt8(0x20)...0x7e where byte != UInt8(ascii: "%") {
      #expect(PercentEncoding.encode(String(UnicodeScalar(byte))) == [byte])
    }
    #expect(encode("100%") == "100%25")
  }

  @Test func `control characters and everything beyond ASCII become upper-case escapes`() {
    #expect(encode("\u{0}\u{1f}\u{7f}") == "%00%1F%7F")
    #expect(encode("a\r\nb\t") == "a%0D%0Ab%09")
    #expect(encode("é") == "%C3%A9")
    #expect(encode("€") == "%E2%82%AC")
    #expect(encode("😀") == "%F0%9F%98%80")
  }

  @Test func `scalars at the edges of each UTF-8 length come back`() {
    let scalars: [UnicodeScalar] = [
      "\u{0}", "\u{1f}", "\u{20}", "%", "\u{7e}", "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}",
      "\u{d7ff}", "\u{e000}", "\u{fffd}", "\u{ffff}", "\u{10000}", "\u{10ffff}",
    ]
    for scalar in scalars {
      let text = "a\(String(scalar))b"
      #expect(Array(decode(encode(text)).utf8) == Array(text.utf8))
    }
  }

  @Test func `escapes are read in both cases`() {
    #expect(decode("%c3%A9") == "é")
  }

  @Test(arguments: ["%", "%4", "a%", "a%4", "%%", "%zz", "%4z", "%z4", "% 41", "100% sure"])
  func `what is not an escape stays as it is`(_ text: String) {
    #expect(decode(text) == text)
  }

  @Test func `an escape after a lone percent sign is read`() {
    #expect(decode("%%41") == "%A")
  }

  @Test func `bytes that are not UTF-8 are replaced`() {
    #expect(decode("a%FFb") == "a\u{fffd}b")
    #expect(decode([0x61, 0xff, 0x62]) == "a\u{fffd}b")
    #expect(decode("%C3") == "\u{fffd}")
  }

  @Test func `every pair of bytes after a percent sign is decoded to something`() {
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        #expect(!decode([UInt8(ascii: "%"), first, second]).isEmpty)
      }
    }
  }
}
