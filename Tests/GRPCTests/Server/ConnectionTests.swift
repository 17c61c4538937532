import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// A server's connection by spelled frames.
@Suite struct ConnectionTests {
  private static let head: KeyValuePairs = [
    ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
    "te": "trailers", "content-type": "application/grpc",
  ]

  /// However often they come.
  private static var anyPings: ConnectionLimits {
    var limits = ConnectionLimits()
    limits.session.pingIntervalMinNanoseconds = 0
    return limits
  }

  private func call(_ id: UInt32, _ message: [UInt8] = [1]) -> [UInt8] {
    Frame.headers(stream: id, Self.head) + Frame.data(stream: id, framed(message), endStream: true)
  }

  @Test func `the server speaks first, and answers a call byte by byte`() throws {
    let server = try EmbeddedServer(Unary.echo)
    #expect(try server.frames().first?.type == 0x4)
    for byte in Frame.clientHello + self.call(1) { try server.feed([byte]) }
    let frames = try server.frames().of(1)
    #expect(frames.types == [0x1, 0x0, 0x1])
    #expect(frames.body == framed([1]))
    #expect(frames.last?.isEnd == true)
  }

  @Test func `a client that does not speak HTTP2 is cut off`() throws {
    let server = try EmbeddedServer(Unary.echo)
    try server.feed(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
    #expect(!server.isActive && server.hasEnded)
  }

  @Test func `a protocol violation ends the connection with GOAWAY`() throws {
    let server = try EmbeddedServer(Unary.echo)
    try server.feed(Frame.clientHello)
    // DATA on stream 0 (RFC 9113, section 6.1).
    try server.feed(Frame.data(stream: 0, [1]))
    #expect(try server.frames().goAways.first?.code == ErrorCode.protocolError.rawValue)
    #expect(!server.isActive)
  }

  @Test func `PINGs are answered, however many come in one read`() throws {
    let server = try EmbeddedServer(Unary.echo, limits: Self.anyPings)
    let pings = (0..<5_000).flatMap { _ in Frame.ping() }
    try server.feed(Frame.clientHello + pings)
    let answered = try server.frames().filter(\.isPing)
    #expect(answered.count == 5_000)
    #expect(server.isActive)
  }

  @Test func `PINGs from a client that does not read end the connection at the limit`() throws {
    let server = try EmbeddedServer(Unary.echo, limits: Self.anyPings)
    try server.feed(Frame.clientHello)
    server.channel.isWritable = false
    server.channel.pipeline.fireChannelWritabilityChanged()
    // 1,000 acknowledgements may wait; what one read holds beyond them is too much.
    for _ in 0..<2_000 where server.isActive { try server.feed(Frame.ping()) }
    #expect(!server.isActive)
  }

  @Test func `nothing is written to a socket that takes no more, until it does again`() throws {
    let server = try EmbeddedServer(Unary.echo)
    try server.feed(Frame.clientHello)
    _ = try server.frames()
    server.channel.isWritable = false
    server.channel.pipeline.fireChannelWritabilityChanged()
    try server.feed(self.call(1) + self.call(3))
    #expect(try server.output().isEmpty)
    server.channel.isWritable = true
    server.channel.pipeline.fireChannelWritabilityChanged()
    let frames = try server.frames()
    #expect(frames.of(1).body == framed([1]) && frames.of(3).body == framed([1]))
  }

  @Test func `a socket that breaks in the middle of a long answer ends the connection`() throws {
    let server = try EmbeddedServer(Unary { call in call.reply(pattern(200_000)) })
    try server.channel.pipeline.syncOperations.addHandler(BreaksOnFlush(), position: .first)
    _ = server.call(body: framed([]))
    try server.feed(try server.client.pullAll())
    #expect(!server.isActive && server.hasEnded)
    #expect(server.connection.session.liveStreams == 0)
  }

  @Test func `rapid resets beyond the burst end the connection`() throws {
    var limits = ConnectionLimits()
    limits.session.streamResetBurst = 100
    limits.session.streamResetsPerSecond = 1
    let server = try EmbeddedServer(ParkingLot(), limits: limits)
    try server.feed(Frame.clientHello)
    for index in 0..<200 where server.isActive {
      let id = UInt32(2 * index + 1)
      try server.feed(self.call(id) + Frame.resetStream(stream: id, code: 8))
    }
    #expect(!server.isActive)
    #expect(try server.frames().goAways.count == 1)
  }

  // MARK: - Drain

  @Test func `draining says GOAWAY twice with a PING between, and serves calls under way`() throws {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    try server.feed(Frame.clientHello + self.call(1))
    _ = try server.frames()

    server.connection.startDrain(.shutdown)
    let announced = try server.frames()
    #expect(announced.types == [0x7, 0x6])
    #expect(announced.first?.lastStream == 0x7fff_ffff && announced.first?.code == 0)
    let ping = try #require(announced.last)

    // A call that the client sent before it could know is still taken.
    try server.feed(self.call(3))
    #expect(lot.parked.count == 2)
    try server.feed(Frame.bytes(type: 0x6, flags: Frame.acknowledgement, ping.payload))
    let said = try server.frames()
    #expect(said.goAways.count == 1)
    #expect(said.goAways.first?.lastStream == 3 && said.goAways.first?.code == 0)

    // One that comes after is not, and has no answer: the client knows that it was not processed.
    try server.feed(self.call(5))
    #expect(lot.parked.count == 2)
    #expect(try server.frames().of(5).isEmpty)

    #expect(server.isActive)
    lot.answer([7])
    let answers = try server.frames()
    #expect(answers.of(1).body == framed([7]) && answers.of(3).body == framed([7]))
    #expect(!server.isActive && server.hasEnded)
  }

  @Test func `a drained connection without calls closes once the PING is answered`() throws {
    let server = try EmbeddedServer(Unary.echo)
    try server.feed(Frame.clientHello)
    _ = try server.frames()
    server.connection.startDrain(.shutdown)
    let ping = try #require(try server.frames().first { $0.isPing })
    #expect(server.isActive)
    try server.feed(Frame.bytes(type: 0x6, flags: Frame.acknowledgement, ping.payload))
    #expect(!server.isActive)
  }

  @Test func `draining twice says nothing new`() throws {
    let server = try EmbeddedServer(Unary.echo)
    try server.feed(Frame.clientHello)
    server.connection.startDrain(.shutdown)
    _ = try server.frames()
    server.connection.startDrain(.shutdown)
    #expect(try server.output().isEmpty)
  }
}

/// A socket that finds itself broken when it is written to: closes before the write returns, as
/// NIO's do.
private final class BreaksOnFlush: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {}

  func flush(context: ChannelHandlerContext) { context.close(promise: nil) }
}
