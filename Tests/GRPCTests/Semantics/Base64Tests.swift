import Testing

@testable import GRPC

/// RFC 4648, section 10, and bytes that need the last two letters of the alphabet.
private let vectors: [(bytes: [UInt8], text: String)] = [
  ([], ""),
  (Array("f".utf8), "Zg"),
  (Array("fo".utf8), "Zm8"),
  (Array("foo".utf8), "Zm9v"),
  (Array("foob".utf8), "Zm9vYg"),
  (Array("fooba".utf8), "Zm9vYmE"),
  (Array("foobar".utf8), "Zm9vYmFy"),
  ([0xfb, 0xff, 0xbf], "+/+/"),
  ([0x00], "AA"),
]

private func decode(_ text: String) -> [UInt8]? {
  Base64.decode(Array(text.utf8).span.bytes)
}

@Suite struct Base64Tests {
  @Test func `known bytes are encoded without padding`() {
    for vector in vectors {
      #expect(String(decoding: Base64.encode(vector.bytes), as: UTF8.self) == vector.text)
    }
  }

  @Test func `known texts are decoded with padding and without`() {
    for vector in vectors {
      #expect(decode(vector.text) == vector.bytes)
      let padding = String(repeating: "=", count: (4 - vector.text.utf8.count % 4) % 4)
      #expect(decode(vector.text + padding) == vector.bytes)
    }
  }

  @Test func `every byte at every position comes back`() {
    for position in 0..<4 {
      for byte in UInt8.min...UInt8.max {
        var bytes: [UInt8] = [1, 2, 3, 4]
        bytes[position] = byte
        #expect(Base64.decode(Base64.encode(bytes).span.bytes) == bytes)
      }
    }
  }

  @Test(arguments: [
    "Z",  // Six bits are no byte.
    "Zm9vY",
    "Zg=",  // One of two paddings.
    "Zg===",
    "Zm9v=",  // Whole groups take none.
    "Zm9v====",
    "=", "==", "====",
    "Zg=g",  // Text after padding.
    "Zg==Zg",
    "Z-_v",  // The URL alphabet (RFC 4648, section 5).
    "Zm 9v", "Zm9v\n", "Zm9\u{e9}",
  ])
  func `text that is not base64 is refused`(_ text: String) {
    #expect(decode(text) == nil)
  }
}
