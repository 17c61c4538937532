import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// How a connection's socket is closed; on a channel in memory, in simulated time.
@Suite struct LingeringCloseTests {
  /// Takes the place of the socket, which has two sides.
  private final class Socket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private(set) var closes: [CloseMode] = []

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
      self.closes.append(mode)
      guard mode == .output else { return context.close(mode: mode, promise: promise) }
      promise?.succeed()
    }
  }

  private let socket = Socket()
  private let channel = EmbeddedChannel()

  init() throws {
    try self.channel.pipeline.syncOperations.addHandlers(self.socket, LingeringClose())
    try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  private func pass(_ time: TimeAmount) { self.channel.embeddedEventLoop.advanceTime(by: time) }

  @Test func `our side is closed first, and the rest when the peer's time is up`() throws {
    let closed = self.channel.close()
    #expect(self.socket.closes == [.output])
    self.pass(LingeringClose.timeout - .nanoseconds(1))
    #expect(self.socket.closes == [.output] && self.channel.isActive)
    self.pass(.nanoseconds(1))
    #expect(self.socket.closes == [.output, .all] && !self.channel.isActive)
    try closed.wait()
  }

  @Test func `what the peer says meanwhile is dropped`() throws {
    self.channel.close(promise: nil)
    try self.channel.writeInbound(ByteBuffer(string: "late"))
    #expect(try self.channel.readInbound(as: ByteBuffer.self) == nil)
    self.pass(LingeringClose.timeout)
  }

  @Test func `to close twice does not cut the peer's time short`() throws {
    let closed = [self.channel.close(), self.channel.close(), self.channel.close()]
    #expect(self.socket.closes == [.output] && self.channel.isActive)
    self.pass(LingeringClose.timeout)
    #expect(self.socket.closes == [.output, .all] && !self.channel.isActive)
    for closed in closed { try closed.wait() }
  }

  @Test func `a socket that breaks meanwhile is closed at once`() {
    self.channel.close(promise: nil)
    self.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
    #expect(self.socket.closes == [.output, .all] && !self.channel.isActive)
  }

  @Test func `who does not wait for the peer hears it to the end of the connection`() throws {
    try self.channel.triggerUserOutboundEvent(LingeringClose.Event.doNotLinger).wait()
    // As the end of TLS, which its handler answers before it closes the socket.
    try self.channel.writeInbound(ByteBuffer(string: "goodbye"))
    #expect(try self.channel.readInbound(as: ByteBuffer.self) == ByteBuffer(string: "goodbye"))
    self.channel.close(promise: nil)
    #expect(self.socket.closes == [.all] && !self.channel.isActive)
  }

  @Test func `a farewell that ends the connection is given its time`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let socket = Socket()
    try server.channel.pipeline.syncOperations.addHandlers(
      [socket, LingeringClose()], position: .first)
    try server.feed(Frame.clientHello)
    for _ in 0..<10 { try server.feed(Frame.ping()) }
    #expect(try server.frames().goAways.count == 1)
    #expect(socket.closes == [.output])
    server.channel.embeddedEventLoop.advanceTime(by: LingeringClose.timeout)
    #expect(socket.closes == [.output, .all] && server.hasEnded)
  }

  @Test func `a shutdown waits for nobody who has said nothing`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let socket = Socket()
    try server.channel.pipeline.syncOperations.addHandlers(
      [socket, LingeringClose()], position: .first)
    server.connection.startDrain(.shutdown)
    #expect(socket.closes == [.all] && server.hasEnded)
  }
}
