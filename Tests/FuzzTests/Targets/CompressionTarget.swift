@testable import GRPC

extension FuzzTarget {
  /// Compressed messages: bytes that were not, or that lie about their size; and the way there and
  /// back.
  static let compression = FuzzTarget(
    name: "compression",
    seeds: [
      [
        0, 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0x4c, 4, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0,
      ],
      [1, 0x78, 0x9c, 0x4b, 4, 0, 0, 0x62, 0, 0x62], [1, 0x78, 0x9c, 3, 0, 0, 0, 0, 1],
      Array(repeating: 0x61, count: 300),
    ]
  ) { input in
    guard let choice = input.first else { return }
    let encoding: MessageEncoding = choice & 1 == 0 ? .gzip : .deflate
    let message = Array(input.dropFirst())
    let codec = MessageCodec()
    do throws(FramingError) {
      try codec.inflate(message.span.bytes, encoding, maxBytes: 10_000) { plain in
        precondition(plain.count <= 10_000, "a bomb went through")
      }
    } catch {
      precondition(!error.status.message.isEmpty)
    }
    var packed: [UInt8]?
    message.withUnsafeBytes { bytes in
      codec.deflate(bytes, encoding) { result in packed = result.map { Array($0) } }
    }
    if let packed { check(packed, is: message, codec, encoding) }
  }
}

private func check(
  _ packed: [UInt8], is message: [UInt8], _ codec: MessageCodec, _ encoding: MessageEncoding
) {
  precondition(packed.count < message.count, "compressed, and no smaller")
  var isSame = false
  do throws(FramingError) {
    try codec.inflate(packed.span.bytes, encoding, maxBytes: message.count) { plain in
      isSame = plain.elementsEqual(message)
    }
  } catch {
    preconditionFailure("what was compressed here is refused here: \(error)")
  }
  precondition(isSame, "there and back is not the same")
}
