import CacheStore
import GRPCServices
import HTTP2
import LarderAPI
import Logging
import NIOCore
import NIOEmbedded
import TestSupport

@testable import GRPC
@testable import Node

extension FuzzTarget {
  /// A whole server connection in memory, with the services of a node behind it.
  static let server = FuzzTarget(
    name: "server",
    seeds: [
      // A Get, a Set and a Get of it; a call reset; settings; a body that never ends.
      [0, 0, 0, 0x0a, 0, 3, 0x0a, 1, 0x61],
      [0, 0, 1, 0x0a, 0, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62, 0, 0, 0x0a, 1, 3, 0x0a, 1, 0x61],
      [0, 0, 0, 4, 0, 8], [0, 5, 4, 0, 0, 0, 1, 0, 0, 0x0a, 0, 3, 0x0a, 1, 0x61, 3, 1],
      [4, 0, 2, 1, 0, 5, 0, 0, 0, 0, 9], [0, 8, 3], [0, 0, 5, 0x0a, 0, 0],
      [0, 6, 6, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 6, 9, 4, 1, 3, 1, 2, 3],
    ]
  ) { input in
    let program = FrameProgram(
      input, hello: Frame.clientHello, blocks: requestBlocks, firstStream: 1)
    do {
      try ServerSession().run(program)
    } catch {
      fatalError("the test's own channel failed: \(error)")
    }
  }
}

/// Heads of requests, good and bad, without a dynamic table.
let requestBlocks: [[UInt8]] = [
  head("/larder.v1.Cache/Get"), head("/larder.v1.Cache/Set"),
  head("/larder.v1.Cache/Get", ("grpc-timeout", "1S")), head("/no.Such/Method"),
  head("/larder.v1.Cache/GetMany"), head("/grpc.health.v1.Health/Check"),
  head("/larder.v1.Cache/Set", ("grpc-encoding", "gzip")),
  head("/larder.v1.Cache/Get", ("grpc-accept-encoding", "gzip,deflate")),
  head("/larder.v1.Cache/SetMany"), head("/larder.v1.Cache/Increment"),
  head("/larder.v1.Cache/Get", ("authorization", "Bearer nobody")),
  Frame.hpack([":method": "GET", ":scheme": "http", ":path": "/", ":authority": "a"]),
  // Indexes of the static and of an empty dynamic table, and a change of its size.
  [0x82, 0x86, 0x84, 0xbe], [0x3f, 0xe1, 0x1f, 0x82],
]

private func head(_ path: String, _ extra: (String, String)? = nil) -> [UInt8] {
  Frame.hpack([
    ":method": "POST", ":scheme": "http", ":path": path, ":authority": "a", "te": "trailers",
    "content-type": "application/grpc", extra?.0 ?? "x": extra?.1 ?? "y",
  ])
}

private final class ServerSession {
  private static let services: [ServiceRegistration] = {
    do {
      var configuration = NodeConfiguration(coreCount: 1)
      configuration.memoryBytes = 4 << 20
      configuration.limits.valueMaxBytes = 64 << 10
      let store = try Store(StoreConfiguration(configuration))
      let health = HealthService()
      health.set("", .serving)
      let cache = CacheService(
        store: store, clock: NodeClock(), configuration: configuration,
        namespaces: NamespaceRegistry(configuration, store: store), isAccessControlled: false)
      return [
        .unary(paths: CacheMethod.allPaths, cache),
        .unary(paths: ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/List"], health),
      ]
    } catch {
      fatalError("the services of the test do not start: \(error)")
    }
  }()
  private static let router = Router(services)
  private static let limits: ConnectionLimits = {
    var limits = ConnectionLimits()
    limits.session.streamsMax = 20
    limits.messageMaxBytes = 100_000
    limits.requestBufferMaxBytes = 200_000
    limits.answerBufferMaxBytes = 200_000
    return limits
  }()

  private let channel = EmbeddedChannel()
  private let connection: ServerConnection

  init() throws {
    self.connection = ServerConnection(
      router: Self.router, limits: Self.limits,
      resources: LoopResources(allocator: ByteBufferAllocator()),
      logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() },
      peer: ConnectionPeer(address: nil),
      compression: MessageCompression(.gzip, minBytes: 8), whenEnded: { _ in })
    try self.channel.pipeline.syncOperations.addHandler(self.connection)
    try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  func run(_ program: FrameProgram) throws {
    var received = 0
    var sent = 0
    for read in program.reads where self.channel.isActive {
      received += read.count
      try self.channel.writeInbound(ByteBuffer(bytes: read))
      while let output = try self.channel.readOutbound(as: ByteBuffer.self) {
        sent += output.readableBytes
      }
      let session = self.connection.session
      precondition(session.liveStreams <= 2 * Self.limits.session.streamsMax, "streams pile up")
      precondition(
        session.queuedBytes <= 2 * Self.limits.answerBufferMaxBytes, "answers pile up")
    }
    // A refusal is a few hundred bytes, and the largest entry that an input can store is small.
    precondition(sent <= 1000 + 1000 * received, "\(sent) bytes in answer to \(received)")
    self.channel.close(promise: nil)
    // What is let go of a moment later, too.
    self.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
  }
}
