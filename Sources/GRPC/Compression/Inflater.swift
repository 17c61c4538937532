internal import CZlib

/// Decompresses whole messages with one zlib stream, which is made once and reset for each: it holds
/// some 40 KiB, whatever the messages are.
struct Inflater: ~Copyable {
  enum Failure: Error, Equatable {
    /// Not the format, damaged, cut off, or followed by something else.
    case broken
    /// More comes out than is allowed.
    case tooLarge
  }

  /// At an address of its own, because zlib keeps a pointer back to it.
  private let stream: UnsafeMutablePointer<z_stream>

  init() {
    self.stream = .allocate(capacity: 1)
    self.stream.initialize(to: z_stream())
    let status = inflateInit2_(
      self.stream, MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib: out of memory, or another version than it was built for")
  }

  deinit {
    inflateEnd(self.stream)
    self.stream.deinitialize(count: 1)
    self.stream.deallocate()
  }

  /// Decompresses `message`, which is `encoding` and not `.identity`, into `target`.
  ///
  /// Stops with the first byte beyond `maxBytes`, so that a few bytes that stand for gigabytes cost no
  /// more memory and time than the largest message does.
  ///
  /// - Returns: how many bytes came out.
  func inflate(
    _ message: UnsafeRawBufferPointer, _ encoding: MessageEncoding,
    into target: inout ScratchMemory, maxBytes: Int
  ) throws(Failure) -> Int {
    // zlib adds 16 to say gzip.
    let status = inflateReset2(self.stream, encoding == .gzip ? MAX_WBITS + 16 : MAX_WBITS)
    precondition(status == Z_OK, "zlib: a stream that cannot be reset")
    self.stream.pointee.next_in = zlibInput(message)
    self.stream.pointee.avail_in = UInt32(message.count)
    // One byte more than allowed tells too much from just enough.
    let most = maxBytes + 1
    target.grow(to: min(most, max(4 * message.count, 1024)))
    var count = 0
    while true {
      let room = min(target.bytes.count, most) - count
      self.stream.pointee.next_out = zlibOutput(target.bytes, from: count)
      self.stream.pointee.avail_out = UInt32(room)
      let status = CZlib.inflate(self.stream, Z_NO_FLUSH)
      count += room - Int(self.stream.pointee.avail_out)
      guard count <= maxBytes else { throw .tooLarge }
      switch status {
      case Z_STREAM_END:
        guard self.stream.pointee.avail_in == 0 else { throw .broken }
        return count
      case Z_OK where self.stream.pointee.avail_out == 0,
        Z_BUF_ERROR where self.stream.pointee.avail_out == 0:
        target.grow(to: min(most, target.bytes.count * 2), keeping: count)
      case Z_MEM_ERROR: preconditionFailure("zlib: out of memory")
      default:
        // Damaged, or there was room left and nothing more to read: cut off.
        throw .broken
      }
    }
  }
}

/// `bytes` as zlib takes its input.
func zlibInput(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
  // zlib only reads its input; raw bytes may be looked at as UInt8 at any time.
  bytes.baseAddress.map { UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: UInt8.self)) }
}

/// `bytes` behind the first `offset` as zlib takes the place for its output.
func zlibOutput(
  _ bytes: UnsafeMutableRawBufferPointer, from offset: Int
) -> UnsafeMutablePointer<UInt8>? {
  // As for `zlibInput`; `offset` is within the bytes.
  bytes.baseAddress.map { ($0 + offset).assumingMemoryBound(to: UInt8.self) }
}
