import ProtobufOracle
import Testing
import Wire

/// Lets protobuf-c read what our codec writes for `message`, shows what it read to `check`, and has our
/// codec read what it writes for that.
func judge<Message: WireMessage & WireDecodable & Equatable, Generated>(
  _ message: Message,
  _ unpack: (
    UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?
  ) -> UnsafeMutablePointer<Generated>?,
  sourceLocation: SourceLocation = #_sourceLocation, _ check: (Generated) -> Bool
) throws {
  let ours = message.serialized()
  let unpacked = ours.withUnsafeBufferPointer { unpack(nil, $0.count, $0.baseAddress) }
  let generated = try #require(
    unpacked, "protobuf-c refuses what was written", sourceLocation: sourceLocation)
  // Every generated struct starts with its ProtobufCMessage, which is how C code casts them too.
  let base = UnsafeMutableRawPointer(generated).assumingMemoryBound(to: ProtobufCMessage.self)
  defer { protobuf_c_message_free_unpacked(base, nil) }
  #expect(check(generated.pointee), "fields have other meanings", sourceLocation: sourceLocation)
  let theirs = [UInt8](
    unsafeUninitializedCapacity: protobuf_c_message_get_packed_size(base)
  ) { buffer, count in
    count = buffer.baseAddress.map { protobuf_c_message_pack(base, $0) } ?? 0
  }
  // protobuf-c leaves out embedded messages without fields only where they are not there.
  #expect(theirs == ours, sourceLocation: sourceLocation)
  #expect(try Message(decoding: theirs.span.bytes) == message, sourceLocation: sourceLocation)
}

/// The bytes of a `bytes` field.
func data(_ value: ProtobufCBinaryData) -> [UInt8] {
  Array(UnsafeBufferPointer(start: value.data, count: value.len))
}

/// The text of a C string.
func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
  pointer.map { String(cString: $0) } ?? ""
}
