import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// Clients that are slow, or are kept waiting themselves, and must not be taken for stalled; on a
/// server whose time is simulated.
@Suite struct ConnectionPatienceTests {
  private static let head: KeyValuePairs = [
    ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
    "te": "trailers", "content-type": "application/grpc",
  ]
  private static let settled = Frame.clientHello + Frame.settingsAcknowledgement()
  private static let prefixOf1MiB: [UInt8] = [0, 0, 0x10, 0, 0]

  private func server(
    _ services: [ServiceRegistration] = [.unary(paths: ["/t.S/M"], Unary.echo)],
    _ change: (inout ConnectionLimits) -> Void = { _ in }
  ) throws -> EmbeddedServer {
    var limits = ConnectionLimits()
    change(&limits)
    return try EmbeddedServer(
      services, limits: limits, time: .uptimeNanoseconds(1_000_000_000_000))
  }

  private func call(_ id: UInt32) -> [UInt8] {
    Frame.headers(stream: id, Self.head) + Frame.data(stream: id, framed([1]), endStream: true)
  }

  /// `count` bytes of a message, in frames of at most 16 KiB.
  private func piece(_ id: UInt32, _ count: Int, endStream: Bool = false) -> [UInt8] {
    stride(from: 0, to: count, by: 16 << 10).flatMap { offset in
      let size = min(16 << 10, count - offset)
      return Frame.data(
        stream: id, [UInt8](repeating: 1, count: size),
        endStream: endStream && offset + size == count)
    }
  }

  // MARK: - Reads that are held

  @Test func `a client that is not read from is late with nothing, and is sent no PING`() throws {
    let server = try self.server {
      $0.timeouts.write = .seconds(60)
      ($0.timeouts.header, $0.timeouts.body) = (.seconds(5), .seconds(5))
      ($0.timeouts.keepaliveInterval, $0.timeouts.keepalive) = (.seconds(5), .seconds(2))
    }
    let ping = Frame.ping()
    try server.feed(
      Self.settled + Frame.headers(stream: 1, Self.head)
        + Frame.data(stream: 1, Array(framed([7]).prefix(3))))
    _ = try server.frames()
    server.channel.isWritable = false
    server.channel.pipeline.fireChannelWritabilityChanged()
    try server.feed(self.call(3) + ping.prefix(12))
    #expect(server.connection.isReadHeld)
    server.pass(50)
    #expect(server.isActive && server.hits.isEmpty)

    server.channel.isWritable = true
    server.channel.pipeline.fireChannelWritabilityChanged()
    #expect(!server.connection.isReadHeld)
    try server.feed(
      ping.dropFirst(12)
        + Frame.data(stream: 1, Array(framed([7]).dropFirst(3)), endStream: true))
    let frames = try server.frames()
    #expect(frames.of(1).body == framed([7]) && frames.of(3).body == framed([1]))
    // The one there is answers the client's.
    #expect(frames.filter(\.isPing).count == 1)
  }

  // MARK: - Answers behind others

  @Test func `an answer behind others of its connection is late only when none of them moves`()
    throws
  {
    let server = try self.server([
      .unary(paths: ["/t.S/M"], Unary { $0.reply(pattern(200_000)) })
    ])
    // Each call's window is 1 MiB, and that of the connection 64 KiB.
    try server.feed(
      Frame.preface + Frame.settings([(0x4, 1 << 20)]) + Frame.settingsAcknowledgement()
        + self.call(1) + self.call(3))
    #expect(try server.frames().of(3).body.isEmpty)
    for _ in 0..<12 {
      server.pass(29)
      try server.feed(Frame.windowUpdate(stream: 0, 10_000))
    }
    let moved = try server.frames()
    #expect(moved.of(1).body.count == 120_000 && moved.of(3).body.isEmpty)
    #expect(server.hits.isEmpty)
    server.pass(31)
    #expect(server.hits == [.writeTimeout: 2])
    let calm = [ErrorCode.enhanceYourCalm.rawValue]
    let ended = try server.frames()
    #expect(ended.of(1).resetCodes == calm && ended.of(3).resetCodes == calm)
  }

  // MARK: - Bodies that grow

  @Test func `a large message has the body timeout again for each 64 KiB, and for no less`() throws
  {
    let server = try self.server([
      .unary(paths: ["/t.S/M"], Unary { $0.reply([UInt8($0.message.byteCount >> 16)]) })
    ])
    try server.feed(
      Self.settled + Frame.headers(stream: 1, Self.head)
        + Frame.data(stream: 1, Self.prefixOf1MiB))
    for step in 1...16 {
      server.pass(59)
      try server.feed(self.piece(1, 64 << 10, endStream: step == 16))
    }
    #expect(try server.frames().of(1).body == framed([16]))

    try server.feed(
      Frame.headers(stream: 3, Self.head) + Frame.data(stream: 3, Self.prefixOf1MiB))
    server.pass(59)
    try server.feed(self.piece(3, 60_000))
    #expect(server.hits.isEmpty)
    server.pass(2)
    #expect(server.hits == [.bodyTimeout: 1])
  }

  @Test func `a large message of a streaming call has it as well`() throws {
    // Never looks at its call, and so never comes back to the test's event loop from its own thread.
    let gate = Gate()
    let asleep = Streaming { _ in await Task { await gate.wait() }.value }
    let server = try self.server([.streaming(paths: ["/t.S/M"], asleep)])
    try server.feed(
      Self.settled + Frame.headers(stream: 1, Self.head)
        + Frame.data(stream: 1, Self.prefixOf1MiB))
    for _ in 1...4 {
      server.pass(59)
      try server.feed(self.piece(1, 64 << 10))
    }
    #expect(server.hits.isEmpty)
    server.pass(61)
    #expect(server.hits == [.bodyTimeout: 1])
  }

  // MARK: - Connections that are ending

  /// Keeps the channel from being closed, as TLS does until the peer has said goodbye.
  private final class Door: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    var isHeld = true
    private(set) var isClosing = false

    func close(
      context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?
    ) {
      self.isClosing = true
      if !self.isHeld { context.close(mode: mode, promise: promise) }
    }
  }

  @Test func `a connection that waits for the peer's goodbye has run into its limit once`() throws {
    let server = try self.server {
      ($0.timeouts.keepaliveInterval, $0.timeouts.keepalive) = (.seconds(5), .seconds(2))
    }
    let door = Door()
    try server.channel.pipeline.syncOperations.addHandler(door, position: .first)
    _ = try server.frames()
    server.pass(11)
    #expect(door.isClosing && !server.hasEnded)
    server.pass(60)
    #expect(server.hits == [.prefaceTimeout: 1])
    #expect(try server.output().isEmpty)
    door.isHeld = false
  }
}
