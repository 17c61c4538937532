import Testing

@testable import GRPC

@Suite struct BearerTokenTests {
  private static func token(in header: String) -> String? {
    BearerToken.token(in: Array(header.utf8).span.bytes)?.text
  }

  @Test(arguments: [
    ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="),
    // More than one space is not what RFC 6750 has, and no token begins with one.
    ("Bearer  abc", " abc"),
  ])
  func `the token stands behind the scheme`(header: String, token: String) {
    #expect(Self.token(in: header) == token)
  }

  @Test(arguments: [
    "", "Bearer", "Bearer ", "abc", "Basic abc", "Bearerabc", "Bearer\tabc", "Bearer\0abc",
    "\u{2}earer abc",
  ])
  func `another scheme or none has no token`(header: String) {
    #expect(Self.token(in: header) == nil)
  }

  @Test func `the longest token is found and one byte more is not`() {
    let longest = String(repeating: "t", count: BearerToken.bytesMax)
    #expect(Self.token(in: "Bearer \(longest)") == longest)
    #expect(Self.token(in: "Bearer \(longest)t") == nil)
  }

  @Test func `a token has 1 to 4096 bytes of its alphabet`() throws {
    #expect(throws: BearerTokenError.empty) { try BearerToken([]) }
    let longest = [UInt8](repeating: UInt8(ascii: "="), count: 4096)
    #expect(try BearerToken(longest).bytes == longest)
    #expect(throws: BearerTokenError.tooLong) { try BearerToken(longest + [UInt8(ascii: "a")]) }
    for byte in [0x00, 0x0a, 0x20, 0x22, 0x25, 0x7f, 0x80, 0xff] as [UInt8] {
      #expect(throws: BearerTokenError.invalidCharacter) { try BearerToken([byte]) }
    }
  }

  @Test func `a description does not show the token`() throws {
    let token = try BearerToken(Array("secret".utf8))
    #expect("\(token)" == "BearerToken(6 bytes)")
    #expect(token.headerValue == Array("Bearer secret".utf8))
  }
}
