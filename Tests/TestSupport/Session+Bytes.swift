public import HTTP2

extension Session {
  /// Feeds `bytes` in pieces of at most `pieceBytes`, and calls `act` after each.
  public func receive(
    _ bytes: [UInt8], pieceBytes: Int = 16 << 10, now: UInt64 = 0, _ act: () -> Void = {}
  ) throws(SessionError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieceBytes))
      rest = rest.dropFirst(pieceBytes)
      let result = piece.withUnsafeBytes { buffer in
        Result { () throws(SessionError) in try self.receive(buffer, now: now) }
      }
      try result.get()
      act()
    }
  }

  /// What one `pull` puts into a buffer of `bufferBytes`, and whether there is more.
  public func pullOnce(
    bufferBytes: Int = 64 << 10
  ) throws(SessionError) -> (bytes: [UInt8], hasMore: Bool) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 1)
    defer { buffer.deallocate() }
    var output = OutputRawSpan(buffer: buffer, initializedCount: 0)
    let hasMore = try self.pull(into: &output)
    let count = output.finalize(for: buffer)
    return (Array(buffer[..<count]), hasMore)
  }

  /// Everything that can be sent now.
  public func pullAll(bufferBytes: Int = 64 << 10) throws(SessionError) -> [UInt8] {
    var bytes: [UInt8] = []
    var hasMore = true
    while hasMore {
      let pulled = try self.pullOnce(bufferBytes: bufferBytes)
      bytes += pulled.bytes
      hasMore = pulled.hasMore
    }
    return bytes
  }

  /// Hands every ready stream to `act`, and takes it back.
  public func actOnReady(_ act: (HTTP2.Stream) -> Void) {
    while let stream = self.nextReady() {
      act(stream)
      self.done(stream)
    }
  }

  /// Appends `bytes` to the body of `stream`.
  public func append(to stream: HTTP2.Stream, bytes: [UInt8]) {
    bytes.withUnsafeBytes { self.append(to: stream, $0) }
  }
}
