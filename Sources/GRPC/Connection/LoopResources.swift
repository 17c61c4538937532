internal import HTTP2
internal import NIOCore

/// What the connections of one event loop share. Used on that loop only.
final class LoopResources {
  /// The batch being written. NIO mostly writes it at once and lets go of it, so that the same memory
  /// serves every batch of every connection of the loop.
  var output: ByteBuffer

  var limitHits = LimitHits()

  /// The calls of a server's connections; made by the first of them.
  private(set) var callCounts: CallCounts?

  /// Small blocks for libnghttp2.
  let pool = MemoryPool()

  init(allocator: ByteBufferAllocator) {
    self.output = allocator.buffer(capacity: 64 << 10)
  }

  /// Where the calls of this loop are counted.
  ///
  /// - Parameter methods: how many the server has: the same for all connections of the loop.
  func callCounter(methods: Int) -> CallCounter {
    let counts = self.callCounts ?? CallCounts(methods: methods)
    self.callCounts = counts
    return counts.counter
  }
}
