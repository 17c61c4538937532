internal import HTTP2
internal import NIOCore

/// What the connections of one event loop share. Used on that loop only.
final class LoopResources {
  /// The batch being written. NIO mostly writes it at once and lets go of it, so that the same memory
  /// serves every batch of every connection of the loop.
  var output: ByteBuffer

  var limitHits = LimitHits()

  /// Which of its server's loops this is, in the order of their group.
  let loop: Int

  let codec = MessageCodec()

  /// What the loop shares with the other loops of its server.
  let load: ServerLoad

  /// The calls of a server's connections; made by the first of them.
  private(set) var callCounts: CallCounts?

  /// Small blocks for libnghttp2.
  let pool = MemoryPool()

  /// Takes the place of the clock, in tests.
  private let simulation: SimulatedTime?

  init(
    allocator: ByteBufferAllocator, load: ServerLoad = ServerLoad(), loop: Int = 0,
    simulation: SimulatedTime? = nil
  ) {
    self.loop = loop
    self.output = allocator.buffer(capacity: 64 << 10)
    self.load = load
    self.simulation = simulation
  }

  /// The time by which connections go.
  var now: NIODeadline {
    guard let simulation = self.simulation else { return .now() }
    return simulation.now
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

/// A clock that stands still unless a test moves it.
final class SimulatedTime {
  var now: NIODeadline

  init(_ now: NIODeadline) { self.now = now }
}
