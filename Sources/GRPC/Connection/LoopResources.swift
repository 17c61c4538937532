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

  var bulkReaders = BulkReaders()

  /// Small blocks for libnghttp2.
  let pool = MemoryPool()

  /// Streams that a connection had open at once from which on they are ended later.
  static let manyStreams = 16
  /// Connections that are gone, and whose many streams are not ended yet.
  private(set) var ended: [Connection] = []
  /// So many wait at most, and one more is ended at once: each may keep the megabyte that its
  /// streams left for the next ones, and clients that come and go make them faster than time does.
  static let endedMax = 64
  /// Between one of them and the next, so that whoever is ready has its turn.
  private static let finishInterval = TimeAmount.microseconds(200)

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

  /// Ends the streams of a connection that is gone a moment later, and lets go of it. Each takes some
  /// 100 microseconds when it had a hundred streams: with many that end at once, all calls of the loop
  /// would wait.
  ///
  /// - Returns: false where too many wait.
  func finishLater(_ connection: Connection, on eventLoop: any EventLoop) -> Bool {
    guard self.ended.count < Self.endedMax else { return false }
    self.ended.append(connection)
    if self.ended.count == 1 { self.finishNext(eventLoop) }
    return true
  }

  private func finishNext(_ eventLoop: any EventLoop) {
    let next = eventLoop.assumeIsolated().scheduleTask(in: Self.finishInterval) {
      self.ended.removeLast().finish()
      if !self.ended.isEmpty { self.finishNext(eventLoop) }
    }
    // The loop was shut down. Each connection keeps these resources, and would be kept by them.
    next.futureResult.assumeIsolated().whenFailure { _ in
      let ended = self.ended
      self.ended = []
      for connection in ended { connection.finish() }
    }
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
