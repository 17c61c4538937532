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

  /// Has `declare` told of members whose addresses refuse connections: more than once, and by several
  /// event loops. Once, before the first call.
  public func peerDied(_ declare: @escaping @Sendable (Member) -> Void) {
    for loop in self.loops { loop.peerDied = declare }
  }

  /// Has every loop go by `table`; each does so at its own time, soon.
  public func install(_ table: RoutingTable) {
    for loop in self.loops { loop.eventLoop.execute { loop.install(table) } }
  }

  /// Has every loop show `credentials` from now on: the token with the next call, the certificate with
  /// the next connection.
  public func install(_ credentials: PeerCredentials) {
    for loop in self.loops { loop.eventLoop.execute { loop.install(credentials) } }
  }

  /// Closes all connections to peers: once there are no more calls.
  public func shutdown() async {
    for loop in self.loops {
      await withCheckedContinuation { continuation in
        loop.eventLoop.execute {
          loop.closeNow()
          continuation.resume()
        }
      }
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
