import HTTP2
import TestSupport

@testable import GRPC

/// A message, and what another implementation (CPython's zlib and gzip modules) makes of it.
enum Sample {
  static let plain = Array(String(repeating: "larder ", count: 8).utf8)
  static let gzip: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x49, 0x2c, 0x4a, 0x49, 0x2d,
    0x52, 0xc8, 0x21, 0x95, 0x02, 0x00, 0x05, 0x68, 0xce, 0x49, 0x38, 0x00, 0x00, 0x00,
  ]
  static let zlib: [UInt8] = [0x78, 0x9c] + Self.bareDeflate + [0x57, 0xf6, 0x14, 0xd1]
  /// RFC 1951 without a wrapper, which some take "deflate" for.
  static let bareDeflate: [UInt8] = [
    0xcb, 0x49, 0x2c, 0x4a, 0x49, 0x2d, 0x52, 0xc8, 0x21, 0x95, 0x02, 0x00,
  ]
  /// A zlib stream that needs the preset dictionary "larder".
  static let withDictionary: [UInt8] = [
    0x78, 0xbb, 0x08, 0xa3, 0x02, 0x7b, 0xcb, 0x01, 0x93, 0x0a, 0x24, 0x53, 0x00, 0x57, 0xf6, 0x14,
    0xd1,
  ]
  static let emptyGzip: [UInt8] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00,
  ]
  static let emptyZlib: [UInt8] = [0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]
}

/// The encodings that compress.
let compressing: [MessageEncoding] = [.deflate, .gzip]

/// `bytes` compressed; nil where that makes them no smaller.
func packed(_ bytes: [UInt8], _ encoding: MessageEncoding) -> [UInt8]? {
  var packed: [UInt8]?
  bytes.withUnsafeBytes { MessageCodec().deflate($0, encoding) { packed = $0.map { Array($0) } } }
  return packed
}

/// `bytes` decompressed.
func unpacked(
  _ bytes: [UInt8], _ encoding: MessageEncoding, maxBytes: Int = 1 << 20,
  by codec: MessageCodec = MessageCodec()
) throws(FramingError) -> [UInt8] {
  var plain: [UInt8] = []
  try codec.inflate(bytes.span.bytes, encoding, maxBytes: maxBytes) { plain = Array($0) }
  return plain
}

/// `bytes`, which are compressed, as one gRPC message.
func framedCompressed(_ bytes: [UInt8]) -> [UInt8] { [1] + framed(bytes).dropFirst() }

extension Exchange {
  /// The flag of the first message in the body.
  var flag: UInt8? { self.body.first }
}
