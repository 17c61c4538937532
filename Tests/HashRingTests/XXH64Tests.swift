import HashRing
import Testing

/// Every expectation here was computed with the reference implementation in C (libxxhash 0.8, by
/// way of its Python binding), not with ours.
struct XXH64Tests {
  @Test("every length from 0 to 130 bytes gives the reference hash")
  func everyLength() {
    for (length, expected) in Self.byLength.enumerated() {
      let bytes = Self.pattern(length)
      #expect(XXH64.hash(bytes.span.bytes) == expected, "length \(length)")
    }
  }

  @Test("texts of one to 43 bytes give the reference hash")
  func texts() {
    let expected: [(String, UInt64)] = [
      ("", 0xEF46DB3751D8E999),
      ("a", 0xD24EC4F1A98C6E5B),
      ("abc", 0x44BC2CF5AD770999),
      ("10.0.0.1:7600_0", 0x807ACB8E6232F7C8),
      ("10.0.0.1:7600_2047", 0x7797DF37E4C03F74),
      ("The quick brown fox jumps over the lazy dog", 0x0B242D361FDA71BC),
    ]
    for (text, hash) in expected {
      #expect(XXH64.hash(Array(text.utf8).span.bytes) == hash, "\(text)")
    }
  }

  @Test("a key of 64 KiB gives the reference hash")
  func longestKey() {
    #expect(XXH64.hash(Self.pattern(65_536).span.bytes) == 0x2C8C45AE2313F2EE)
  }

  @Test("prefix, separator and rest hash as their concatenation, wherever the cuts fall")
  func pieces() {
    for length in 1...130 {
      let whole = Self.pattern(length)
      for cut in 0..<length {
        let span = whole.span.bytes
        let hash = XXH64.hash(
          prefix: span.extracting(0..<cut), separator: whole[cut],
          span.extracting((cut + 1)..<length))
        #expect(hash == Self.byLength[length], "\(length) bytes, cut at \(cut)")
      }
    }
  }

  @Test("the key \"user:42\" in the namespace \"sessions\" hashes as \"sessions/user:42\"")
  func namespacedKey() {
    let hash = XXH64.hash(
      prefix: Array("sessions".utf8).span.bytes, separator: UInt8(ascii: "/"),
      Array("user:42".utf8).span.bytes)
    #expect(hash == 0xE7964B57D5EEFB72)
  }

  @Test("bytes that do not start at a multiple of eight hash alike")
  func unaligned() {
    for shift in 1...7 {
      let shifted = [UInt8](repeating: 0xEE, count: shift) + Self.pattern(100)
      let span = shifted.span.bytes.extracting(shift..<(shift + 100))
      #expect(XXH64.hash(span) == Self.byLength[100])
    }
  }

  /// Byte `i` is `7 i + 3` modulo 256.
  private static func pattern(_ length: Int) -> [UInt8] {
    (0..<length).map { UInt8(truncatingIfNeeded: $0 * 7 + 3) }
  }

  /// The reference hash of `pattern(n)` at index `n`.
  private static let byLength: [UInt64] = [
    0xEF46DB3751D8E999, 0x1F25C8D0BC1F4BB6, 0xF5BEDEC232706303, 0x31D2363F52E564C9,
    0x9BB64B7D66EE9FDA, 0xC7608EFDDB7051FE, 0x61436FB28D5CE4C4, 0x9A7B149959CE60D8,
    0xDAB99D95C6F90092, 0x170BB6BF975B4C02, 0xBD7277D7E2D8A98C, 0x7A52CC9457CF1A1F,
    0xD52E407833AF5133, 0xF78B031308F5BFC8, 0xC7F1D4D0ACFA5A14, 0x1B47CB8243CC8E32,
    0x434850232B787BE2, 0x1EFA7025F1B97A7A, 0x28791D24C4CF5E78, 0x3E91F7C3171250D0,
    0x18AE385ADA6B00CB, 0xC075185602AF71EB, 0xB2CEB44AA258FF36, 0x36A34F92FB0205C0,
    0xC47C71BD4694FF81, 0xB13F23E884186902, 0x76A5852D6E1CAB15, 0x9AB0B90755292FC8,
    0x729299F92FF25C75, 0x6CD01834BE7D2537, 0x4BDD83B2B139424F, 0xA2AA5F33CC4A6119,
    0x23C3C17EF790FD97, 0x50A7CFC7BA588784, 0xC3E49B08A6AAD624, 0xA5B3456011D2913B,
    0xC0B52B0DCC5E3F7F, 0xE32EF63802F5A3FD, 0xA4696F18F9ACCE05, 0x880BBEEA606E4B37,
    0xB620306B253D76B6, 0x8D56B39A38735FA8, 0xD50FB183D9C4F252, 0x71784BDF7CC20CEE,
    0xA4B19436AB40EDB0, 0x86FAEE00897C4B41, 0xD524C35B647262AC, 0xA7C5465CC5AD205E,
    0xDA76BBB3544338EE, 0x756D92B5FF28E5BC, 0x3FEB2F60DD4D0DBD, 0xF1639A50DBA4740B,
    0xE3BBA384BC67D6EE, 0x84A096F591E6F04E, 0x6A7E7D3192910190, 0x0A815463DD86507A,
    0xED350C04E51A88E9, 0xE1D288E4DE03CB88, 0xF6E789B251EA5E64, 0xC7A61C29CFAFE592,
    0x00F7F0730E736D93, 0xEA5D9295B669D981, 0xF1A1A311AD02B5B1, 0x5E3E54B431C7493C,
    0x0EB64B3EF6EEB01F, 0xA383B724B2BD12F1, 0xB6D55F01384314C2, 0x36C3014E8CF0EF72,
    0x69569D3F713F823E, 0x57793F2C918C48A5, 0x9CC0BDC853243C07, 0xFDB8DFC5700141A7,
    0xFD91A561882D1FF7, 0x8A834ABCF2F8B93C, 0xD340158F8CF0FB15, 0xA0BD9A2DB08E831F,
    0x40AB8C3070928BCC, 0xC4E0603B2473C094, 0xC64CB670798A0216, 0x47689D5802EF60F9,
    0x1EFB52C793E16467, 0xCB446EEF618A5C5F, 0xCF86163E2A57146D, 0x5C682F0467158034,
    0xDABB597070523AA0, 0xD57C286C39A9AA86, 0xEC269DB55B82C1C5, 0x453CE28B3E218742,
    0xFA72FFDA01FF1D53, 0x5334DA4F44541483, 0xA88599170950FE6B, 0xE267317D04F769FD,
    0x4972B6528838316B, 0x440CA19B24B46393, 0xD23F68BF6AF1ABC1, 0xF6FFB9103991895F,
    0x3101A958DE582E18, 0xB2B3F9902EC2EFBD, 0xEEE3136B2AF7FF5D, 0x06A08EB098AFA2C3,
    0xA61F8D4C170FE531, 0xBAD4D3BF033BDA4C, 0xCCE544A549675B66, 0x9CE1E302796DFBC9,
    0x0F51FA18114307E7, 0xE201321800831145, 0xA13B0958E9D8131F, 0x4FBB9170D2873D75,
    0x54D3FEC158DB5812, 0xDCC4E5F52F4C6691, 0xFF118E9AC685B73A, 0x6638CBBDD5D3E9AC,
    0xA5ACD69072DB312E, 0xD32A01CCE08E54DC, 0xA24308F9179965EF, 0x4005A7FCD7102A61,
    0x734000AF2DC831A0, 0x3A5C7C3EF48535AB, 0xA85361E0F7CC5AD6, 0x587BC20A7F727E3C,
    0xE728C450E24AE3EA, 0x3FD1530FCBCC0622, 0xC46959E8AA1E8797, 0x81FDD53EA5CBF4E3,
    0x7969088DE6D786D3, 0x6818C1D82F25CC66, 0x3C2C103034EEB895, 0x0C2B3713C3EDBEB3,
    0x46FBCFBF0150793F, 0x3EB5D118151C8303, 0x96EC2D682F7EB97F,
  ]
}
