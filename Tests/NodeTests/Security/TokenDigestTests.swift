import Testing

@testable import Node

@Suite struct TokenDigestTests {
  // FIPS 180-4's example for "abc".
  private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test func `the digest is SHA-256`() throws {
    let digest = TokenDigest(of: Array("abc".utf8).span.bytes)
    let read = try #require(TokenDigest(hexadecimal: Self.abc))
    #expect(digest.equals(read) == 1)
    #expect(TokenDigest(hexadecimal: Self.abc.uppercased())?.equals(read) == 1)
  }

  @Test func `one bit anywhere makes another digest`() throws {
    let digest = try #require(TokenDigest(hexadecimal: Self.abc))
    for place in 0..<64 {
      var digits = Array(Self.abc)
      let value = try #require(digits[place].hexDigitValue)
      digits[place] = try #require(String(value ^ 1, radix: 16).first)
      let other = try #require(TokenDigest(hexadecimal: String(digits)))
      #expect(digest.equals(other) == 0 && other.equals(digest) == 0)
    }
  }

  @Test(arguments: ["", "ba", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
  func `other texts are no digest`(text: String) {
    #expect(TokenDigest(hexadecimal: text) == nil)
  }
}
