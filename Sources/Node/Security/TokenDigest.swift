internal import Crypto

/// The SHA-256 digest of a token, which is all that a node keeps of it.
struct TokenDigest: Sendable {
  static let byteCount = 32

  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// The digest of `token`.
  init(of token: RawSpan) {
    var hash = SHA256()
    token.withUnsafeBytes { hash.update(bufferPointer: $0) }
    self = hash.finalize().withUnsafeBytes { Self(bytes: $0) }
  }

  /// Reads 64 hexadecimal digits, as sha256sum writes them; nil where the text is anything else.
  init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    self = bytes.withUnsafeBytes { Self(bytes: $0) }
  }

  /// - Parameter bytes: 32 of them.
  private init(bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == Self.byteCount, "a SHA-256 digest has 32 bytes")
    func word(_ index: Int) -> UInt64 {
      bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)
    }
    self.words = (word(0), word(1), word(2), word(3))
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// 1 where the digests are equal, else 0, in a time that does not depend on where they differ.
  func equals(_ other: TokenDigest) -> UInt64 {
    let difference =
      (self.words.0 ^ other.words.0) | (self.words.1 ^ other.words.1)
      | (self.words.2 ^ other.words.2) | (self.words.3 ^ other.words.3)
    // Two's complement is meant to wrap: of a number that is not 0, it or its negative has the
    // highest bit.
    let isDifferent = (difference | (0 &- difference)) >> 63
    return isDifferent ^ 1
  }
}
