import Testing
import Wire

/// One example of each way to be malformed (Unicode 15, section 3.9, table 3-7).
private let malformed: [(String, [UInt8])] = [
  ("a lone continuation byte", [0x80]),
  ("the last continuation byte, alone", [0xbf]),
  ("an overlong slash of two bytes", [0xc0, 0xaf]),
  ("the highest overlong form of two bytes", [0xc1, 0xbf]),
  ("two bytes cut to one", [0xc2]),
  ("two bytes, the second no continuation", [0xc2, 0x41]),
  ("an overlong form of three bytes", [0xe0, 0x9f, 0xbf]),
  ("three bytes cut to two", [0xe2, 0x82]),
  ("the first surrogate", [0xed, 0xa0, 0x80]),
  ("the last surrogate", [0xed, 0xbf, 0xbf]),
  ("an overlong form of four bytes", [0xf0, 0x8f, 0xbf, 0xbf]),
  ("four bytes cut to three", [0xf0, 0x9f, 0x98]),
  ("one above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]),
  ("a lead byte of a five-byte form", [0xf8, 0x88, 0x80, 0x80, 0x80]),
  ("0xfe, which never occurs", [0xfe]),
  ("0xff, which never occurs", [0xff]),
]

/// The first and last code point of each length, and around the surrogates.
private let wellFormed: [(String, [UInt8])] = [
  ("nothing", []),
  ("U+0000", [0x00]),
  ("U+007F", [0x7f]),
  ("U+0080", [0xc2, 0x80]),
  ("U+07FF", [0xdf, 0xbf]),
  ("U+0800", [0xe0, 0xa0, 0x80]),
  ("U+D7FF", [0xed, 0x9f, 0xbf]),
  ("U+E000", [0xee, 0x80, 0x80]),
  ("U+FFFF", [0xef, 0xbf, 0xbf]),
  ("U+10000", [0xf0, 0x90, 0x80, 0x80]),
  ("U+10FFFF", [0xf4, 0x8f, 0xbf, 0xbf]),
]

@Suite struct UTF8ValidationTests {
  // The ASCII path takes eight bytes at a time, so that each case is tried at every place in and
  // across its words.
  private let paddings = (0...41).flatMap { before in (0...9).map { (before, $0) } }

  private func padded(_ bytes: [UInt8], _ padding: (Int, Int)) -> [UInt8] {
    [UInt8](repeating: 0x61, count: padding.0) + bytes + [UInt8](repeating: 0x7a, count: padding.1)
  }

  @Test(arguments: malformed.indices) func `malformed UTF-8 is refused`(index: Int) {
    let (name, bytes) = malformed[index]
    for padding in self.paddings {
      let valid = UTF8Validation.isValid(self.padded(bytes, padding).span.bytes)
      #expect(!valid, "\(name), behind \(padding.0) and before \(padding.1) ASCII bytes")
    }
  }

  @Test(arguments: wellFormed.indices) func `well-formed UTF-8 is accepted`(index: Int) {
    let (name, bytes) = wellFormed[index]
    for padding in self.paddings {
      let valid = UTF8Validation.isValid(self.padded(bytes, padding).span.bytes)
      #expect(valid, "\(name), behind \(padding.0) and before \(padding.1) ASCII bytes")
    }
  }

  @Test func `a string field that is not UTF-8 is refused, a bytes field takes it`() throws {
    #expect(throws: WireError.notUTF8) { try Sample(decoding: [0x52, 0x01, 0xff]) }
    #expect(try Sample(decoding: [0x4a, 0x01, 0xff]).bytes == [0xff])
  }

  @Test func `a copy of a span equals it`() {
    let bytes: [UInt8] = [0x6b, 0xc3, 0xa4]
    #expect([UInt8](copying: bytes.span.bytes) == bytes)
    #expect(String(copyingUTF8: bytes.span.bytes) == "kä")
    #expect(String(copyingUTF8: RawSpan()) == "")
  }
}
