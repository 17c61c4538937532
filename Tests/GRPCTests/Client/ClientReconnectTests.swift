import HTTP2
import NIOCore
import NIOEmbedded
import NIOPosix
import TestSupport
import Testing

@testable import GRPC

/// What a channel does when its server is not there, goes away, or comes back.
@Suite struct ClientReconnectTests {
  @Test func `a refused connection fails calls at once, in words`() async throws {
    try await withServer([]) { server in
      let channel = server.channel()
      _ = await server.server.shutdown(timeout: .milliseconds(1))
      let expected = Status(
        .unavailable, "cannot connect to 127.0.0.1:\(server.port): connection refused")
      for _ in 0..<2 {
        let status = await failure { try await channel.unary("/t.S/M", []) }
        #expect(status == expected)
      }
      let status = await failure { _ = try await channel.streaming("/t.S/M") }
      #expect(status == expected)
      await channel.shutdown()
    }
  }

  @Test func `connecting says whether there is a connection, and makes no call`() async throws {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      let channel = server.channel()
      try await channel.connect()
      try await channel.connect(timeout: .seconds(60))
      #expect(server.server.connections == 1)
      let snapshot = await channel.snapshot()
      #expect(snapshot.state == .ready && snapshot.callsStarted == 0)
      await channel.shutdown()
      let after = await failure { try await channel.connect() }
      #expect(after?.code == .unavailable)
    }
  }

  @Test func `connecting is waited for no longer than asked, nor after the task is cancelled`()
    async throws
  {
    let group = MultiThreadedEventLoopGroup.singleton
    let listener = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(listener.localAddress?.port)
    let channel = ClientChannel(host: "127.0.0.1", port: port, group: group, logger: silent)
    let late = await failure { try await channel.connect(timeout: .milliseconds(20)) }
    #expect(late?.code == .deadlineExceeded)
    let task = Task { await failure { try await channel.connect() } }
    task.cancel()
    #expect(await task.value?.code == .cancelled)
    await channel.shutdown()
    try await listener.close()
  }

  @Test func `a server that is silent is given up after the connect timeout`() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let listener = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(listener.localAddress?.port)
    var configuration = ClientConfiguration()
    configuration.connectTimeout = .milliseconds(100)
    let channel = ClientChannel(
      host: "127.0.0.1", port: port, group: group, configuration: configuration, logger: silent)
    let waiting = await failure {
      try await channel.unary("/t.S/M", [], timeout: .milliseconds(20))
    }
    #expect(waiting?.code == .deadlineExceeded)
    let status = await failure { try await channel.unary("/t.S/M", []) }
    #expect(status?.code == .unavailable)
    #expect(status?.message.contains("no HTTP/2 SETTINGS within 0.1 s") == true)
    await channel.shutdown()
    try await listener.close()
  }

  @Test func `a server killed in the middle of a call fails it, and calls go on when it is back`()
    async throws
  {
    var configuration = ClientConfiguration()
    configuration.backoff.initial = .milliseconds(10)
    configuration.backoff.max = .milliseconds(10)
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let channel = server.channel(configuration)
      let call = Task { await failure { try await channel.unary("/t.S/M", []) } }
      try await eventually("the call is parked") {
        try await server.eventLoop.submit { lot.parked.count == 1 }.get()
      }
      _ = await server.server.shutdown(timeout: .milliseconds(1))
      let status = await call.value
      #expect(status?.code == .unavailable)
      let down = await failure { try await channel.unary("/t.S/M", []) }
      #expect(down?.code == .unavailable)

      let next = Server(
        [.unary(paths: ["/t.S/M"], Unary.echo)], configuration: .init(), group: server.group,
        logger: silent)
      _ = try await next.listen(host: "127.0.0.1", port: server.port)
      try await eventually("calls go on") { await failure { try await channel.answer([1]) } == nil }
      await channel.shutdown()
      _ = await next.shutdown(timeout: .milliseconds(1))
    }
  }

  @Test func `a call under way ends while its server says goodbye, and the next connects anew`()
    async throws
  {
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let channel = server.channel()
      let call = Task { try await channel.answer([]) }
      try await eventually("the call is parked") {
        try await server.eventLoop.submit { lot.parked.count == 1 }.get()
      }
      async let drained = server.server.shutdown(timeout: .seconds(60))
      try await Task.sleep(for: .milliseconds(50))
      try await server.eventLoop.submit { lot.answer([4]) }.get()
      let answer = try await call.value
      #expect(answer == [4])
      let abandoned = await drained
      #expect(abandoned == 0)
      let status = await failure { try await channel.unary("/t.S/M", []) }
      #expect(status?.code == .unavailable)
      await channel.shutdown()
    }
  }

  @Test func `a channel that is shut down fails calls under way and later ones`() async throws {
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let channel = server.channel()
      let call = Task { await failure { try await channel.unary("/t.S/M", []) } }
      try await eventually("the call is parked") {
        try await server.eventLoop.submit { lot.parked.count == 1 }.get()
      }
      await channel.shutdown()
      let status = await call.value
      #expect(status == ChannelStateMachine.shutDownStatus)
      let late = await failure { try await channel.unary("/t.S/M", []) }
      #expect(late == ChannelStateMachine.shutDownStatus)
    }
  }

  @Test func `a channel whose PINGs are too many for its server sends them half as often`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.connection.session.pingIntervalMinNanoseconds = 3_600_000_000_000
    configuration.connection.session.pingStrikesMax = 0
    var client = ClientConfiguration()
    client.keepaliveInterval = .milliseconds(5)
    try await withChannel(
      [.unary(paths: ["/t.S/M"], ParkingLot())], configuration, client: client
    ) { channel, _ in
      let core = channel.core
      for interval in [10, 20, 40] as [Int64] {
        // The second PING of each connection is one too many.
        let status = await failure { try await channel.unary("/t.S/M", []) }
        #expect(status?.code == .unavailable)
        #expect(status?.message.contains("too_many_pings") == true)
        try await eventually("the interval is \(interval) ms") {
          let now = try await core.eventLoop.submit { core.value.configuration.keepaliveInterval }
            .get()
          return now == .milliseconds(interval)
        }
      }
    }
  }

  @Test func `keepalive gives up a server that answers no PING`() throws {
    var configuration = ClientConfiguration()
    configuration.keepaliveInterval = .milliseconds(1)
    configuration.keepaliveTimeout = .milliseconds(1)
    let client = try EmbeddedClient(configuration)
    client.call()
    _ = try client.frames()
    let start = NIODeadline.now()
    var pings = 0
    while client.answers.isEmpty && NIODeadline.now() - start < .seconds(20) {
      client.channel.embeddedEventLoop.advanceTime(to: .now())
      pings += try client.frames().filter(\.isPing).count
    }
    #expect(pings == 1)
    #expect(client.answers.first?.status.message == "peer:1 did not answer a keepalive PING")
  }
}
