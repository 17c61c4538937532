public import GRPC
internal import LarderAPI
public import Logging
public import NIOCore

/// A node's way to the other nodes of its cluster: one `LoopForwarder` for each event loop.
public final class Forwarding: Sendable {
  /// In the order of the server's event loops.
  public let loops: [LoopForwarder]

  /// - Parameter eventLoops: of the server, in their order.
  public init(
    table: RoutingTable, configuration: ForwardingConfiguration, eventLoops: [any EventLoop],
    logger: Logger
  ) {
    self.loops = eventLoops.map {
      LoopForwarder(table: table, configuration: configuration, eventLoop: $0, logger: logger)
    }
  }

  /// Has calls served from the beginning with `serve` after the table has changed, or when the parts
  /// of a batch have come back. Once, before the first call.
  public func serveAgain(with serve: @escaping @Sendable (borrowing UnaryCall) -> Void) {
    for loop in self.loops { loop.serveAgain = serve }
  }

  /// Has `act` told of epochs newer than this node's, by which peers go. Once, before the first call.
  public func whenBehind(_ act: @escaping @Sendable (Epoch) -> Void) {
    for loop in self.loops { loop.whenBehind = act }
  }

  /// Has calls to peers say what this node's clock is now. From time to time: what they say in between
  /// is what it was.
  public func tellClock() {
    for loop in self.loops { loop.eventLoop.execute { loop.tellClock() } }
  }

  /// Has `fetcher` asked for what this node lacks of keys that are on their way to it. Once, before the
  /// first call.
  public func fetchMissing(with fetcher: any KeyFetcher) {
    for loop in self.loops { loop.handover.fetcher = fetcher }
  }

  /// Has `declare` told of members whose addresses refuse connections: more than once, and by several
  /// event loops. Once, before the first call.
  public func peerDied(_ declare: @escaping @Sendable (Member) -> Void) {
    for loop in self.loops { loop.peerDied = declare }
  }

  /// Has every loop go by `table`, and returns when all do: each begins at its own time, soon.
  public func install(_ table: RoutingTable) async { await self.onEachLoop { $0.install(table) } }

  /// Has every loop go by `table` and `arrivals`, by both at once; returns when all do.
  public func install(_ table: RoutingTable, arrivals: Arrivals) async {
    await self.onEachLoop { $0.install(table, arrivals) }
  }

  /// Has every loop go by `arrivals`, with the table that it has; returns when all do. Calls that have
  /// waited for keys which need not be waited for any more are served.
  public func install(_ arrivals: Arrivals) async {
    await self.onEachLoop { $0.install(arrivals) }
  }

  /// Has this node serve its keys until then, and not longer.
  public func serve(until end: NIODeadline) {
    for loop in self.loops { loop.eventLoop.execute { loop.servesUntil = end } }
  }

  /// Of the oldest table that a loop still goes by.
  public func oldestEpoch() async -> Epoch {
    var oldest: Epoch?
    for loop in self.loops {
      let epoch = await withCheckedContinuation { continuation in
        loop.eventLoop.execute { continuation.resume(returning: loop.table.epoch) }
      }
      oldest = min(oldest ?? epoch, epoch)
    }
    return oldest ?? .unknown
  }

  /// Has every loop show `credentials` from now on: the token with the next call, the certificate with
  /// the next connection.
  public func install(_ credentials: PeerCredentials) {
    for loop in self.loops { loop.eventLoop.execute { loop.install(credentials) } }
  }

  /// Closes all connections to peers, and gives up all fetches: once there are no more calls. Returns when
  /// none of them is under way.
  public func shutdown() async {
    await self.onEachLoop { $0.closeNow() }
    for fetch in await self.onEachLoop({ Array($0.handover.fetches.values) }).joined() {
      await fetch.value
    }
  }

  @discardableResult
  private func onEachLoop<Result: Sendable>(
    _ body: @escaping @Sendable (LoopForwarder) -> Result
  ) async -> [Result] {
    await withTaskGroup(of: Result.self) { group in
      for loop in self.loops {
        group.addTask {
          await withCheckedContinuation { continuation in
            loop.eventLoop.execute { continuation.resume(returning: body(loop)) }
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  /// What the node knows of its peers, and what it has forwarded to them.
  public func snapshot() async -> ForwardingSnapshot {
    var snapshot = ForwardingSnapshot()
    for loop in self.loops {
      let part = await withCheckedContinuation { continuation in
        loop.eventLoop.execute { continuation.resume(returning: ForwardingSnapshot(loop)) }
      }
      snapshot.add(part)
    }
    return snapshot
  }
}
