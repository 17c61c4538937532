import LarderAPI
import ProtobufOracle
import Testing
import Wire

/// How many random messages of each type are compared.
let oracleRounds = 2_000

/// Why protobuf-c and our codec cannot be compared.
enum OracleError: Error {
  /// protobuf-c does not take what our codec wrote.
  case refused
}

/// Lets protobuf-c read `bytes`, shows what it read to `check`, and returns what it writes for
/// that.
func oracle<Message>(
  _ bytes: [UInt8],
  _ unpack: (
    UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
  ) -> UnsafeMutablePointer<Message>?,
  _ comment: Comment,
  _ check: (Message) -> Bool
) throws -> [UInt8] {
  let unpacked = bytes.withUnsafeBufferPointer { unpack(nil, $0.count, $0.baseAddress) }
  guard let unpacked else { throw OracleError.refused }
  // Every generated struct starts with its ProtobufCMessage, which is how C code casts them too.
  let message = UnsafeMutableRawPointer(unpacked).assumingMemoryBound(to: ProtobufCMessage.self)
  defer { protobuf_c_message_free_unpacked(message, nil) }
  #expect(check(unpacked.pointee), comment)
  return [UInt8](
    unsafeUninitializedCapacity: protobuf_c_message_get_packed_size(message)
  ) { buffer, count in
    count = buffer.baseAddress.map { protobuf_c_message_pack(message, $0) } ?? 0
  }
}

/// What our codec writes for what it read.
func reencoded<Message: WireMessage & WireDecodable & ~Escapable>(
  _ type: Message.Type, _ bytes: [UInt8]
) throws -> [UInt8] {
  try Message(decoding: bytes.span.bytes).serialized()
}

/// The bytes of a C string.
func text(_ pointer: UnsafeMutablePointer<CChar>?) -> [UInt8] {
  guard let pointer else { return [] }
  return Array(String(cString: pointer).utf8)
}

/// The bytes of a `bytes` field.
func data(_ value: ProtobufCBinaryData) -> [UInt8] {
  Array(UnsafeBufferPointer(start: value.data, count: value.len))
}

/// What `write` puts into an output of ample size.
func written(_ write: (inout OutputRawSpan) -> Void) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
    var output = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
    write(&output)
    count = output.finalize(for: UnsafeMutableRawBufferPointer(buffer))
  }
}
