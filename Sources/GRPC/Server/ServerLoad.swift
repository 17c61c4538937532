internal import Logging
internal import NIOCore
internal import Synchronization

/// What all connections of a server hold together, and what its log was told of limits. One for each
/// server, used from every loop.
final class ServerLoad: Sendable {
  /// Least time between two records above debug about the same limit.
  private static let logInterval = TimeAmount.seconds(10)

  /// What a small call holds, and some more.
  private static let littleBytesMax = 16 << 10

  /// Bytes of requests and answers that all connections together may hold, but for what `hasReserve`
  /// admits.
  let buffersMaxBytes: Int
  /// Tasks that serve streaming calls, those of cancelled calls included until they return.
  let handlersMax: Int

  private let buffered = Atomic<Int>(0)
  private let pinned = Atomic<Int>(0)
  private let running = Atomic<Int>(0)
  /// When the operator was last told of a limit, and how often it was reached since.
  private let told = Mutex<[PeerLimit: (at: NIODeadline, unlogged: Int)]>([:])

  init(buffersMaxBytes: Int = 1 << 30, handlersMax: Int = 10_000) {
    self.buffersMaxBytes = buffersMaxBytes
    self.handlersMax = handlersMax
  }

  /// Bytes held now, as of each connection's last turn.
  var bufferedBytes: Int { self.buffered.load(ordering: .relaxed) }

  /// Bytes of large values now that clients have yet to take, as of each connection's last turn. They
  /// lie in the store, once for all who read the same one; here they count for each.
  var pinnedBytes: Int { self.pinned.load(ordering: .relaxed) }

  /// Whether more may be held.
  var hasRoom: Bool { self.bufferedBytes <= self.buffersMaxBytes }

  /// Whether a connection that holds so many bytes may hold some more though there is no room: one that holds
  /// next to nothing may, up to a sixteenth beyond what all may hold. So whoever fills the server is refused
  /// before those who only come in between.
  func hasReserve(for held: Int, adding bytes: Int = 0) -> Bool {
    held <= min(Self.littleBytesMax, self.buffersMaxBytes / 64)
      && self.bufferedBytes + bytes <= self.buffersMaxBytes + self.buffersMaxBytes / 16
  }

  /// Handlers running now.
  var handlers: Int { self.running.load(ordering: .relaxed) }

  /// A connection holds so many bytes more, or fewer.
  func buffer(_ change: Int) { self.buffered.add(change, ordering: .relaxed) }

  /// A connection has so many bytes of large values more to take, or fewer.
  func pin(_ change: Int) { self.pinned.add(change, ordering: .relaxed) }

  /// A handler is about to run; false where there are too many. Each that was let in says `leave`.
  ///
  /// - Parameter isStranger: nobody knows who calls, on a server that asks: half of the room is kept
  ///   for those it knows.
  func enter(isStranger: Bool = false) -> Bool {
    let most = self.handlersMax(isStranger: isStranger)
    guard self.running.add(1, ordering: .relaxed).newValue <= most else {
      self.running.subtract(1, ordering: .relaxed)
      return false
    }
    return true
  }

  /// How many handlers may be running when one more such caller's begins.
  func handlersMax(isStranger: Bool) -> Int {
    isStranger ? (self.handlersMax + 1) / 2 : self.handlersMax
  }

  /// A handler has returned.
  func leave() { self.running.subtract(1, ordering: .relaxed) }

  /// Tells the log that `limit` was reached: above debug only once in a while, so that a flood of
  /// attacks is no flood of the log.
  ///
  /// - Parameter times: how often it was reached now.
  func log(
    _ limit: PeerLimit, times: Int = 1, peer: @autoclosure () -> String, now: NIODeadline,
    to logger: Logger
  ) {
    let count = self.told.withLock { told -> Int? in
      guard let last = told[limit], now < last.at + Self.logInterval else {
        defer { told[limit] = (now, 0) }
        return (told[limit]?.unlogged ?? 0) + times
      }
      told[limit] = (last.at, last.unlogged + times)
      return nil
    }
    logger.log(
      level: count == nil ? .debug : .info, "a client has reached \(limit.rawValue)",
      metadata: ["peer": "\(peer())", "times": "\(count ?? times)"])
  }
}
