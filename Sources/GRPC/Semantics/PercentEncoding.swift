/// The encoding of `grpc-message` (PROTOCOL-HTTP2.md, "Status-Message").
enum PercentEncoding {
  /// UTF-8, with everything outside 0x20-0x7E, and `%`, as `%XX`.
  static func encode(_ text: String) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    encoded.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      if byte >= 0x20 && byte <= 0x7e && byte != UInt8(ascii: "%") {
        encoded.append(byte)
      } else {
        encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xf)]]
      }
    }
    return encoded
  }

  /// Never fails: what is not an escape stays as it is, and what is not UTF-8 is replaced.
  static func decode(_ encoded: RawSpan) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(encoded.byteCount)
    var offset = 0
    while offset < encoded.byteCount {
      let byte = encoded.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      if byte == UInt8(ascii: "%"), offset + 2 < encoded.byteCount,
        let high = hex(encoded.unsafeLoad(fromByteOffset: offset + 1, as: UInt8.self)),
        let low = hex(encoded.unsafeLoad(fromByteOffset: offset + 2, as: UInt8.self))
      {
        bytes.append(high << 4 | low)
        offset += 3
      } else {
        bytes.append(byte)
        offset += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func hex(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
