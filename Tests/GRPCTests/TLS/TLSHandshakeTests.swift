import NIOCore
import NIOEmbedded
import NIOTLS
import Testing

@testable import GRPC

/// What becomes of a handshake that does not end well; on a channel in memory, in simulated time.
@Suite struct TLSHandshakeTests {
  /// A handshake alone, as if TLS stood before it.
  private final class Setup {
    let channel = EmbeddedChannel()
    private(set) var results: [Result<[String], TLSHandshake.Failure>] = []

    init(_ role: TLSHandshake.Role = .server(timeout: .seconds(10))) throws {
      try self.channel.pipeline.syncOperations.addHandler(
        TLSHandshake(role) { self.results.append($0) })
      try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Ends the channel as a server's shutdown does.
    func finish() throws { _ = try self.channel.finish(acceptAlreadyClosed: true) }
  }

  @Test func `it may take as long as it may, and no longer`() throws {
    let setup = try Setup(.server(timeout: .seconds(10)))
    setup.channel.embeddedEventLoop.advanceTime(by: .milliseconds(9_999))
    #expect(setup.results.isEmpty && setup.channel.isActive)
    setup.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
    #expect(setup.results == [.failure(.timedOut)])
    #expect(!setup.channel.isActive)
    try setup.finish()
    #expect(setup.results.count == 1)
  }

  @Test func `a client's handshake waits until whoever connects gives up`() throws {
    let setup = try Setup(.client(of: .name("a.example")))
    setup.channel.embeddedEventLoop.advanceTime(by: .hours(24))
    #expect(setup.results.isEmpty)
    try setup.finish()
    #expect(setup.results == [.failure(.closed)])
  }

  @Test(arguments: [
    (nil, "ALPN agreed on no protocol; gRPC needs \"h2\""),
    ("http/1.1", "ALPN agreed on the protocol \"http/1.1\"; gRPC needs \"h2\""),
  ])
  func `a peer that does not want HTTP 2 is closed`(negotiated: String?, reason: String) throws {
    let setup = try Setup()
    setup.channel.pipeline.fireUserInboundEventTriggered(
      TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiated))
    #expect(setup.results == [.failure(.refused(reason))])
    #expect(!setup.channel.isActive)
    try setup.finish()
  }

  @Test func `the peer's end counts once`() throws {
    let setup = try Setup()
    setup.channel.pipeline.fireErrorCaught(IOError(errnoCode: 104, reason: "read"))
    #expect(setup.results == [.failure(.refused("connection reset by peer"))])
    setup.channel.embeddedEventLoop.advanceTime(by: .seconds(60))
    try setup.finish()
    #expect(setup.results.count == 1)
  }
}
