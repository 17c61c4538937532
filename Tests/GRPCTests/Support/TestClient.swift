import HTTP2
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// A raw HTTP/2 client on a socket: a session in client role, and nothing of gRPC.
struct TestClient: Sendable {
  let channel: any Channel
  private let handler: NIOLoopBound<ClientHandler>

  static func connect(
    to address: SocketAddress, _ configuration: SessionConfiguration = .init()
  ) async throws -> TestClient {
    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .connect(to: address) { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = ClientHandler(configuration)
          try channel.pipeline.syncOperations.addHandler(handler)
          return TestClient(
            channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
        }
      }
  }

  /// Does `body` on the client's event loop, and sends what it left to send.
  @discardableResult
  func on<Value: Sendable>(
    _ body: @escaping @Sendable (ClientHandler) throws -> Value
  ) async throws -> Value {
    try await self.channel.eventLoop.submit {
      let value = try body(self.handler.value)
      try self.handler.value.flush()
      return value
    }.get()
  }

  /// Opens a call with `body`, message prefixes included, and ends it unless `isOpen`.
  func call(
    _ path: String, _ extra: [(String, String)] = [], body: [UInt8] = [], isOpen: Bool = false
  ) async throws -> Int32 {
    try await self.on { handler in
      let stream = try handler.open(requestHead(path, extra))
      if !body.isEmpty { handler.session.append(to: stream, bytes: body) }
      if !isOpen { handler.session.finish(stream) }
      return stream.id
    }
  }

  /// Sends more of a call's body.
  func send(_ id: Int32, _ body: [UInt8] = [], isEnd: Bool = false) async throws {
    try await self.on { handler in
      guard let stream = handler.streams[id] else { return }
      if !body.isEmpty { handler.session.append(to: stream, bytes: body) }
      if isEnd { handler.session.finish(stream) }
    }
  }

  func cancel(_ id: Int32) async throws {
    try await self.on { handler in
      if let stream = handler.streams[id] { handler.session.reset(stream, .cancel) }
    }
  }

  /// What has come of a call so far.
  func exchange(_ id: Int32) async throws -> Exchange { try await self.on { $0.answers[id] } }

  /// What has come of a call once its stream is closed.
  func answer(_ id: Int32) async throws -> Exchange {
    try await eventually("the end of stream \(id)") { try await self.exchange(id).closeCode != nil }
    return try await self.exchange(id)
  }

  /// Makes a call and returns what came of it.
  func answer(
    _ path: String, _ extra: [(String, String)] = [], body: [UInt8]
  ) async throws -> Exchange {
    try await self.answer(try await self.call(path, extra, body: body))
  }

  /// Body bytes of a call that the server's window has not let out yet.
  func unsent(_ id: Int32) async throws -> Int {
    try await self.on { $0.streams[id]?.outboundCount ?? 0 }
  }

  /// Stops crediting the server, or credits it all that came and goes on.
  func setCredits(_ credits: Bool) async throws {
    try await self.on { handler in
      handler.answers.creditsPeer = credits
      guard credits else { return }
      for stream in handler.streams.values { handler.session.credit(stream) }
    }
  }

  var isClosed: Bool { !self.channel.isActive }

  func close() async throws { try await self.channel.close() }
}

/// The handler under `TestClient`. Used on its event loop only.
final class ClientHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct OutOfStreams: Error {}

  let session: Session
  let answers = Collector()
  /// Streams that have not closed.
  private(set) var streams: [Int32: HTTP2.Stream] = [:]
  private var context: ChannelHandlerContext?

  init(_ configuration: SessionConfiguration) {
    self.session = Session(role: .client, configuration: configuration)
  }

  func open(_ head: HeaderList) throws -> HTTP2.Stream {
    guard let stream = self.session.request(head: head) else { throw OutOfStreams() }
    stream.reportsClose = true
    self.streams[stream.id] = stream
    return stream
  }

  func flush() throws {
    guard let context = self.context else { return }
    let bytes = try self.session.pullAll()
    if !bytes.isEmpty {
      context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
    self.act()
    // As every client does once the server has said goodbye and its last call has ended.
    if !self.session.wantsRead && !self.session.wantsWrite { context.close(promise: nil) }
  }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    self.attempt { try self.flush() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    self.attempt {
      try self.session.receive(Array(self.unwrapInboundIn(data).readableBytesView)) { self.act() }
      try self.flush()
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.session.closeAllStreams(.cancel)
    self.act()
    self.context = nil
  }

  private func act() {
    self.session.actOnReady { stream in
      self.answers.take(stream, in: self.session)
      if stream.closeCode != nil { self.streams[stream.id] = nil }
    }
  }

  /// A session that fails ends the connection, which every waiting test notices.
  private func attempt(_ act: () throws -> Void) {
    do { try act() } catch { self.context?.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
