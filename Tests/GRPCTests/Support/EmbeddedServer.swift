import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport

@testable import GRPC

/// A server's connection on a channel in memory: everything happens within a call, in order.
final class EmbeddedServer {
  let channel = EmbeddedChannel()
  let connection: ServerConnection
  let client = Session(role: .client, configuration: .init())
  let answers = Collector()
  let resources: LoopResources
  private let time: SimulatedTime?
  private let ended: NIOLoopBoundBox<Bool>
  private var unread: [UInt8] = []

  init(
    _ services: [ServiceRegistration], limits: ConnectionLimits = .init(),
    interceptors: [any ServerInterceptor] = [],
    compression: MessageCompression = MessageCompression(), load: ServerLoad = ServerLoad(),
    time: NIODeadline? = nil
  ) throws {
    let ended = NIOLoopBoundBox(false, eventLoop: self.channel.eventLoop)
    self.ended = ended
    self.time = time.map { SimulatedTime($0) }
    self.resources = LoopResources(
      allocator: ByteBufferAllocator(), load: load, simulation: self.time)
    self.connection = ServerConnection(
      router: Router(services, interceptors: interceptors), limits: limits,
      resources: self.resources, logger: silent,
      peer: ConnectionPeer(address: nil), compression: compression,
      whenEnded: { _ in ended.value = true })
    try self.channel.pipeline.syncOperations.addHandler(self.connection)
    try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
  }

  /// A server of one unary method, `/t.S/M`.
  convenience init(_ service: any UnaryService, limits: ConnectionLimits = .init()) throws {
    try self.init([.unary(paths: ["/t.S/M"], service)], limits: limits)
  }

  deinit {
    // The connection ends with its channel, as on a socket.
    self.channel.close(promise: nil)
    self.channel.embeddedEventLoop.run()
  }

  /// The connection told its server that it is gone.
  var hasEnded: Bool { self.ended.value }

  var isActive: Bool { self.channel.isActive }

  /// Opens a call with `body`, message prefixes included, and ends it unless `isOpen`.
  func call(
    _ path: String = "/t.S/M", _ extra: [(String, String)] = [], body: [UInt8] = [],
    isOpen: Bool = false
  ) -> HTTP2.Stream {
    guard let stream = self.client.request(head: requestHead(path, extra)) else {
      preconditionFailure("the test's client ran out of streams")
    }
    stream.reportsClose = true
    if !body.isEmpty { self.client.append(to: stream, bytes: body) }
    if !isOpen { self.client.finish(stream) }
    return stream
  }

  /// Makes a call and returns what came of it.
  func answer(
    _ path: String = "/t.S/M", _ extra: [(String, String)] = [], body: [UInt8]
  ) throws -> Exchange {
    let id = self.call(path, extra, body: body).id
    try self.run()
    return self.answers[id]
  }

  /// Carries bytes between the client's session and the server until both are quiet.
  func run() throws {
    var isQuiet = false
    while !isQuiet {
      let requests = try self.client.pullAll()
      self.client.actOnReady { self.answers.take($0, in: self.client) }
      try self.feed(requests)
      let answers = try self.output()
      try self.client.receive(answers) {
        self.client.actOnReady { self.answers.take($0, in: self.client) }
      }
      isQuiet = requests.isEmpty && answers.isEmpty
    }
  }

  /// Lets simulated time pass, and the server look at its connection once a second meanwhile.
  func pass(_ seconds: Int) {
    guard let time = self.time else {
      preconditionFailure("the test's server goes by the clock")
    }
    for _ in 0..<seconds where !self.hasEnded {
      time.now = time.now + .seconds(1)
      self.connection.sweep()
    }
  }

  /// Lets simulated time pass, and nobody look.
  func passUnseen(_ seconds: Int64) { self.time.map { $0.now = $0.now + .seconds(seconds) } }

  /// How often each limit was reached that was.
  var hits: [PeerLimit: Int] {
    Dictionary(uniqueKeysWithValues: zip(PeerLimit.allCases, self.resources.limitHits.all))
      .filter { $0.value > 0 }
  }

  /// Lets the server read `bytes`, whatever they are.
  func feed(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty else { return }
    _ = try self.channel.writeInbound(ByteBuffer(bytes: bytes))
  }

  /// What the server has written since last asked.
  func output() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
      bytes += buffer.readableBytesView
    }
    return bytes
  }

  /// The whole frames that the server has written since last asked.
  func frames() throws -> [SentFrame] {
    self.unread += try self.output()
    return SentFrame.takeAll(from: &self.unread)
  }
}
