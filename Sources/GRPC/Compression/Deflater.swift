internal import CZlib

/// Compresses whole messages with one zlib stream, which is made once and reset for each: it holds
/// some 260 KiB, whatever the messages are.
struct Deflater: ~Copyable {
  /// The fastest: what is compressed holds up the event loop. Of 1 MiB of JSON it makes 273 KiB in
  /// 6 ms, where zlib's default level makes 221 KiB in 17 ms.
  private static let level = Z_BEST_SPEED
  /// zlib's default, as its macro `deflateInit` has it.
  private static let memoryLevel: CInt = 8

  /// At an address of its own, because zlib keeps a pointer back to it.
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameter encoding: not `.identity`.
  init(_ encoding: MessageEncoding) {
    self.stream = .allocate(capacity: 1)
    self.stream.initialize(to: z_stream())
    // zlib adds 16 to say gzip.
    let status = deflateInit2_(
      self.stream, Self.level, Z_DEFLATED, encoding == .gzip ? MAX_WBITS + 16 : MAX_WBITS,
      Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib: out of memory, or another version than it was built for")
  }

  deinit {
    deflateEnd(self.stream)
    self.stream.deinitialize(count: 1)
    self.stream.deallocate()
  }

  /// Compresses `message` into `target`.
  ///
  /// - Returns: how many bytes came out; nil where they would not be fewer than went in.
  func deflate(
    _ message: UnsafeRawBufferPointer, into target: inout ScratchMemory
  ) -> Int? {
    guard message.count > 1 else { return nil }
    let status = deflateReset(self.stream)
    precondition(status == Z_OK, "zlib: a stream that cannot be reset")
    let room = message.count - 1
    target.grow(to: room)
    self.stream.pointee.next_in = zlibInput(message)
    self.stream.pointee.avail_in = UInt32(message.count)
    self.stream.pointee.next_out = zlibOutput(target.bytes, from: 0)
    self.stream.pointee.avail_out = UInt32(room)
    guard CZlib.deflate(self.stream, Z_FINISH) == Z_STREAM_END else { return nil }
    return room - Int(self.stream.pointee.avail_out)
  }
}
