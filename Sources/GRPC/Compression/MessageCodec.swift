/// Compresses and decompresses the messages of one event loop. Used on that loop only.
///
/// A message is worked on in one go, so that one stream for each direction and format serves all calls
/// of a loop, and nothing is allocated for a call. They are made when first needed, and hold 600 KiB
/// in all; on a loop where nobody compresses, nothing.
final class MessageCodec {
  private var inflater: Inflater?
  private var gzip: Deflater?
  private var zlib: Deflater?
  /// A message as handlers and their peers know it.
  private var plain = ScratchMemory()
  /// A message as it travels.
  private var packed = ScratchMemory()

  init() {}

  /// Decompresses `message`, which is `encoding` and not `.identity`, and shows the outcome to `use`.
  func inflate(
    _ message: RawSpan, _ encoding: MessageEncoding, maxBytes: Int,
    _ use: (UnsafeRawBufferPointer) -> Void
  ) throws(FramingError) {
    if self.inflater == nil { self.inflater = Inflater() }
    defer { self.plain.trim() }
    let result = message.withUnsafeBytes { bytes -> Result<Int, Inflater.Failure> in
      do throws(Inflater.Failure) {
        return .success(
          try self.inflater!.inflate(bytes, encoding, into: &self.plain, maxBytes: maxBytes))
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let count): use(UnsafeRawBufferPointer(rebasing: self.plain.bytes.prefix(count)))
    case .failure(.broken): throw .compressionBroken(encoding)
    case .failure(.tooLarge): throw .inflatedTooLarge(max: maxBytes)
    }
  }

  /// Compresses `message` with `encoding`, which is not `.identity`, and shows the outcome to `use`;
  /// nil where it would be no smaller.
  func deflate(
    _ message: UnsafeRawBufferPointer, _ encoding: MessageEncoding,
    _ use: (UnsafeRawBufferPointer?) -> Void
  ) {
    let count: Int?
    switch encoding {
    case .gzip:
      if self.gzip == nil { self.gzip = Deflater(.gzip) }
      count = self.gzip!.deflate(message, into: &self.packed)
    case .deflate:
      if self.zlib == nil { self.zlib = Deflater(.deflate) }
      count = self.zlib!.deflate(message, into: &self.packed)
    case .identity: preconditionFailure("identity compresses nothing")
    }
    use(count.map { UnsafeRawBufferPointer(rebasing: self.packed.bytes.prefix($0)) })
    self.packed.trim()
  }

  /// Lets `write` put a message of exactly `size` bytes, compresses it, and shows it to `use`, with
  /// whether it is compressed: it is not where that would make it no smaller.
  func deflate(
    size: Int, _ write: (inout OutputRawSpan) -> Void, _ encoding: MessageEncoding,
    _ use: (UnsafeRawBufferPointer, Bool) -> Void
  ) {
    self.plain.grow(to: size)
    defer { self.plain.trim() }
    let target = UnsafeMutableRawBufferPointer(rebasing: self.plain.bytes.prefix(size))
    var span = OutputRawSpan(buffer: target, initializedCount: 0)
    write(&span)
    let written = span.finalize(for: target)
    precondition(written == size, "a message declared \(size) bytes and wrote \(written)")
    let message = UnsafeRawBufferPointer(target)
    self.deflate(message, encoding) { packed in use(packed ?? message, packed != nil) }
  }
}
