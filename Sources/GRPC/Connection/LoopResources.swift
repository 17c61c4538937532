internal import HTTP2
internal import NIOCore

/// What the connections of one event loop share. Used on that loop only.
final class LoopResources {
  /// The batch being written. NIO mostly writes it at once and lets go of it, so that the same memory
  /// serves every batch of every connection of the loop.
  var output: ByteBuffer

  var limitHits = LimitHits()

  let codec = MessageCodec()

  /// Small blocks for libnghttp2.
  let pool = MemoryPool()

  init(allocator: ByteBufferAllocator) {
    self.output = allocator.buffer(capacity: 64 << 10)
  }
}
