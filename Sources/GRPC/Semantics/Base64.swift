/// Base64 as gRPC puts binary metadata into headers (RFC 4648, section 4).
enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The value of each character, or 0xff for one outside the alphabet.
  private static let values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, character) in Base64.alphabet.enumerated() { values[Int(character)] = UInt8(value) }
    return values
  }()

  /// Without padding, as gRPC asks of senders.
  static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var accumulator: UInt32 = 0
    var bits = 0
    for byte in bytes {
      accumulator = accumulator << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        text.append(Self.alphabet[Int(accumulator >> UInt32(bits)) & 0x3f])
      }
      // At most five bits are left over: the accumulator never outgrows 13.
      accumulator &= 0x1f
    }
    if bits > 0 { text.append(Self.alphabet[Int(accumulator << UInt32(6 - bits)) & 0x3f]) }
    return text
  }

  /// Padded or not, as gRPC asks of receivers; nil where `text` is not base64.
  static func decode(_ text: RawSpan) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.byteCount * 3 / 4)
    var accumulator: UInt32 = 0
    var bits = 0
    var characters = 0
    var padding = 0
    for offset in text.byteOffsets {
      let character = text.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      let value = Self.values[Int(character)]
      guard value != 0xff && padding == 0 else { return nil }
      characters += 1
      accumulator = (accumulator << 6 | UInt32(value)) & 0xffff
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: accumulator >> UInt32(bits)))
      }
    }
    // One character alone is no byte, and padding only fills up to four.
    guard characters % 4 != 1, padding == 0 || (characters + padding) % 4 == 0, padding <= 2 else {
      return nil
    }
    return bytes
  }
}
