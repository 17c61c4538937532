/// The compiled form of every file in `Protos/`, their imports and comments included: a serialised
/// google.protobuf.FileDescriptorSet, as gRPC reflection serves it.
public enum DescriptorSet {
  /// The serialised set. Decoded at the first use and kept: about 30 KiB.
  public static let bytes: [UInt8] = Self.base64.withUTF8Buffer(Self.decode)

  /// Decodes base64 as RFC 4648, section 4, has it. The input is this module's own, so anything
  /// malformed is a bug of the generator and traps.
  private static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    precondition(text.count % 4 == 0, "scripts/protos.sh wrote base64 of a broken length")
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3)
    // The bits that are not a whole byte yet; never more than 12.
    var pending: UInt32 = 0
    var pendingBits: UInt32 = 0
    for character in text where character != UInt8(ascii: "=") {
      pending = pending << 6 | Self.value(of: character)
      pendingBits += 6
      guard pendingBits >= 8 else { continue }
      pendingBits -= 8
      bytes.append(UInt8(truncatingIfNeeded: pending >> pendingBits))
      pending &= 1 << pendingBits - 1
    }
    return bytes
  }

  private static func value(of character: UInt8) -> UInt32 {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: preconditionFailure("scripts/protos.sh wrote a character outside base64's alphabet")
    }
  }
}
