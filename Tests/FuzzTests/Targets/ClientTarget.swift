import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport

@testable import GRPC

extension FuzzTarget {
  /// A client's connection with calls under way, and a server that answers whatever it likes.
  static let client = FuzzTarget(
    name: "client",
    seeds: [
      [0, 0, 0, 0x0a, 0, 2, 1, 2, 0, 1], [0, 8, 2],
      [0, 4, 0, 7, 6, 7, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0],
      [0, 5, 4, 0, 0, 0, 0], [1, 1, 2, 3],
    ]
  ) { input in
    let program = FrameProgram(
      input, hello: Frame.settings(), blocks: responseBlocks, firstStream: 1)
    do {
      try ClientSession().run(program)
    } catch {
      fatalError("the test's own channel failed: \(error)")
    }
  }
}

private let responseBlocks: [[UInt8]] = [
  Frame.hpack([":status": "200", "content-type": "application/grpc"]),
  Frame.hpack(["grpc-status": "0"]),
  Frame.hpack([
    ":status": "200", "content-type": "application/grpc", "grpc-status": "5",
    "grpc-message": "no%20such", "grpc-status-details-bin": "CAUSAm5v",
  ]),
  Frame.hpack([":status": "503"]), Frame.hpack([":status": "100"]),
  Frame.hpack([":status": "200", "content-type": "text/html"]),
  Frame.hpack([":status": "200", "content-type": "application/grpc", "grpc-encoding": "gzip"]),
  Frame.hpack(["grpc-status": "99", "grpc-message": "%zz"]), [0x88, 0xbe],
]

private final class ClientSession: UnaryReceiver {
  private static let method = ClientMethod(path: "/t.S/M", authority: "a")
  private static let calls: UInt64 = 6

  private let channel = EmbeddedChannel()
  private let connection: ClientConnection
  private var told: Set<UInt64> = []

  init() throws {
    var configuration = ClientConfiguration()
    configuration.connection.messageMaxBytes = 100_000
    self.connection = ClientConnection(
      channel: self.channel, peer: "peer:1", configuration: configuration)
    try self.channel.pipeline.syncOperations.addHandler(self.connection)
    try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  func received(_ response: borrowing UnaryResponse, tag: UInt64) {
    precondition(self.told.insert(tag).inserted, "a caller is told once")
    precondition(!response.isOK || response.message.byteCount <= 100_000)
  }

  func run(_ program: FrameProgram) throws {
    for tag in 0..<Self.calls {
      let id = self.connection.call(
        Self.method, timeout: tag == 2 ? .seconds(100) : nil, size: 1, { $0.append(UInt8(1)) },
        to: self, tag: tag)
      precondition(id != nil)
    }
    self.connection.flush()
    for read in program.reads where self.channel.isActive {
      try self.channel.writeInbound(ByteBuffer(bytes: read))
      while try self.channel.readOutbound(as: ByteBuffer.self) != nil {}
    }
    self.channel.close(promise: nil)
    self.channel.embeddedEventLoop.run()
    precondition(UInt64(self.told.count) == Self.calls, "every caller is told")
  }
}
