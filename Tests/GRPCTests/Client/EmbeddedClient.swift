import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport

@testable import GRPC

/// A client's connection on a channel in memory, and what its receivers were told.
final class EmbeddedClient: UnaryReceiver {
  struct Answer: Equatable {
    var tag: UInt64
    var status: Status
    var message: [UInt8]
    var metadata: Metadata
    var trailers: Metadata
    var wasNotExecuted: Bool
  }

  let channel = EmbeddedChannel()
  let connection: ClientConnection
  let method = ClientMethod(path: "/t.S/M", authority: "test")
  private(set) var answers: [Answer] = []
  /// Done with each answer, after it is kept.
  var onAnswer: (EmbeddedClient) -> Void = { _ in }
  private var unread: [UInt8] = []

  /// The heads of answers that most tests send.
  static let okHead: KeyValuePairs = [":status": "200", "content-type": "application/grpc"]
  static let okTrailers: KeyValuePairs = ["grpc-status": "0"]

  /// - Parameter settings: what the server says first; nil: nothing.
  init(
    _ configuration: ClientConfiguration = .init(), settings: [(UInt16, UInt32)]? = []
  ) throws {
    self.connection = ClientConnection(
      channel: self.channel, peer: "peer:1", configuration: configuration)
    try self.channel.pipeline.syncOperations.addHandler(self.connection)
    try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    if let settings { try self.feed(Frame.settings(settings)) }
  }

  deinit {
    self.onAnswer = { _ in }
    self.channel.close(promise: nil)
    self.channel.embeddedEventLoop.run()
  }

  func received(_ response: borrowing UnaryResponse, tag: UInt64) {
    self.answers.append(
      Answer(
        tag: tag, status: response.status,
        message: response.message.withUnsafeBytes { Array($0) },
        metadata: response.metadata.copy(), trailers: response.trailers.copy(),
        wasNotExecuted: response.wasNotExecuted))
    self.onAnswer(self)
  }

  /// Makes a call and sends it, unless `isHeld`.
  @discardableResult
  func call(
    tag: UInt64 = 1, timeout: TimeAmount? = nil, metadata: Metadata = .init(),
    _ message: [UInt8] = [7], isHeld: Bool = false
  ) -> CallID? {
    let id = self.connection.call(
      self.method, timeout: timeout, metadata: metadata, size: message.count,
      { output in for byte in message { output.append(byte) } }, to: self, tag: tag)
    if !isHeld { self.connection.flush() }
    return id
  }

  /// Makes one call, answers it with `bytes`, and returns what the caller was told.
  static func answer(
    to bytes: [UInt8], _ configuration: ClientConfiguration = .init()
  ) throws -> Answer? {
    let client = try EmbeddedClient(configuration)
    client.call()
    try client.feed(bytes)
    return client.answers.first
  }

  func feed(_ bytes: [UInt8]) throws {
    _ = try self.channel.writeInbound(ByteBuffer(bytes: bytes))
  }

  /// The whole frames that the client has sent since last asked.
  func frames() throws -> [SentFrame] {
    while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
      self.unread += buffer.readableBytesView
    }
    if self.unread.starts(with: Frame.preface) { self.unread.removeFirst(Frame.preface.count) }
    return SentFrame.takeAll(from: &self.unread)
  }
}
