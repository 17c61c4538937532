import NIOCore
import NIOPosix
import Testing

@testable import GRPC

@Suite struct `What a channel tells of itself` {
  @Test func `calls are counted by their end, and the socket is listed`() async throws {
    let registry = ChannelRegistry()
    var configuration = ClientConfiguration()
    configuration.registry = registry
    let services: [ServiceRegistration] = [
      .unary(paths: ["/t.S/M"], Unary.echo),
      .unary(paths: ["/t.S/Fail"], Unary { $0.fail(Status(.aborted, "no")) }),
      .streaming(paths: ["/t.S/Stream"], Streaming.echo),
    ]
    try await withChannel(services, client: configuration) { channel, server in
      let idle = await channel.snapshot()
      #expect(idle.state == .idle && idle.callsStarted == 0 && idle.sockets.isEmpty)
      #expect(idle.lastCallStartedAt == nil)

      for _ in 0..<3 { _ = try await channel.answer([1]) }
      _ = await failure { try await channel.unary("/t.S/Fail", []) }
      let call = try await channel.streaming("/t.S/Stream")
      try await call.send(ByteBuffer(bytes: [1]))
      await call.finishSending()
      for try await _ in call.messages {}

      let ready = await channel.snapshot()
      #expect(ready.id == channel.id)
      #expect(ready.target == "127.0.0.1:\(server.port)")
      #expect(ready.state == .ready)
      #expect(ready.callsStarted == 5)
      #expect(ready.callsSucceeded == 4 && ready.callsFailed == 1)
      #expect(ready.lastCallStartedAt != nil)
      let traffic = try #require(ready.sockets.first?.traffic)
      #expect(ready.sockets.count == 1 && traffic.isClient)
      #expect(traffic.streamsStarted == 5 && traffic.streamsSucceeded == 5)
      #expect(traffic.messagesSent == 5 && traffic.messagesReceived == 4)
      #expect(ready.sockets.first?.remote?.port == server.port)

      #expect(registry.channels(from: 0, max: 9).map(\.id) == [channel.id])
      #expect(registry.channels(from: channel.id + 1, max: 9).isEmpty)
      await channel.shutdown()
      #expect(registry.channel(channel.id) == nil)
      let closed = await channel.snapshot()
      #expect(closed.state == .shutdown)
      // What was done on the connection that is closed still counts.
      #expect(closed.callsStarted == 5 && closed.sockets.isEmpty)
    }
  }

  @Test func `calls that never found a server have failed`() async throws {
    let channel = ClientChannel(
      host: "127.0.0.1", port: 1, group: MultiThreadedEventLoopGroup.singleton, logger: silent)
    for _ in 0..<2 { _ = await failure { try await channel.unary("/t.S/M", []) } }
    _ = await failure { try await channel.streaming("/t.S/M") }
    let snapshot = await channel.snapshot()
    #expect(snapshot.state == .transientFailure)
    #expect(snapshot.callsStarted == 3 && snapshot.callsFailed == 3)
    #expect(snapshot.callsSucceeded == 0)
    await channel.shutdown()
  }

  @Test func `a channel that nobody keeps leaves the registry`() {
    let registry = ChannelRegistry()
    var configuration = ClientConfiguration()
    configuration.registry = registry
    do {
      let channel = ClientChannel(
        host: "127.0.0.1", port: 1, group: MultiThreadedEventLoopGroup.singleton,
        configuration: configuration, logger: silent)
      #expect(registry.channel(channel.id) === channel)
    }
    #expect(registry.channels(from: 0, max: 9).isEmpty)
  }
}
