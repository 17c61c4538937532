import HTTP2
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import GRPC

@Suite struct `Metrics of a server` {
  @Test func `loops are summed, and what closed connections did is kept`() async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 3)
    let server = Server(
      [.unary(paths: ["/t.S/M"], Unary.echo)], configuration: .init(), group: group, logger: silent)
    let address = try await server.listen(host: "127.0.0.1", port: 0)
    let clients = [
      try await TestClient.connect(to: address), try await TestClient.connect(to: address),
      try await TestClient.connect(to: address), try await TestClient.connect(to: address),
    ]
    for client in clients {
      for _ in 0..<5 { _ = try await client.answer("/t.S/M", body: framed([1, 2, 3])) }
    }
    let before = await server.metrics()
    #expect(before.connections.accepted == 4)
    #expect(before.connections.open == 4)
    #expect(before.connections.lastStreamAt != nil)
    try await clients[0].close()
    try await eventually("three are open") { server.connections == 3 }
    let after = await server.metrics()
    #expect(after.connections.open == 3)
    #expect(after.connections.accepted == 4)
    #expect(after.connections.bytesReceived >= before.connections.bytesReceived)
    #expect(after.methods.map(\.path) == ["/t.S/M", nil])
    #expect(after.methods[0].started == 20)
    #expect(after.methods[0].ended[.ok]?.count == 20)
    #expect(after.methods[0].bytesReceived == 60 && after.methods[0].bytesSent == 60)
    #expect(after.methods[1].started == 0)
    _ = await server.shutdown(timeout: .milliseconds(1))
    let last = await server.metrics()
    #expect(last.connections.open == 0)
    #expect(last.connections.frames.goAwaysSent >= 3)
    try await group.shutdownGracefully()
  }

  @Test func `a connection above the limit is refused and counted`() async throws {
    var configuration = Server.Configuration()
    configuration.connectionsMax = 1
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)], configuration) { server in
      let first = try await server.connect()
      _ = try await first.answer("/t.S/M", body: framed([1]))
      let second = try await server.connect()
      try await eventually("the second is closed") { second.isClosed }
      let metrics = await server.server.metrics()
      #expect(metrics.connections.accepted == 1)
      #expect(metrics.connections.refused == 1)
      #expect(metrics.limitHits[.connectionsMax] == 1)
      #expect(metrics.limitHits.count == PeerLimit.allCases.count)
    }
  }

  @Test func `messages of streaming calls are counted as they come`() async throws {
    try await withStreaming(Streaming.echo) { server in
      let client = try await server.connect()
      let body = framed([1]) + framed([2, 2]) + framed([3, 3, 3])
      let answer = try await client.answer("/t.S/M", body: body)
      #expect(answer.messages == [[1], [2, 2], [3, 3, 3]])
      let metrics = await server.server.metrics()
      let method = try #require(metrics.methods.first { $0.path == "/t.S/M" })
      #expect(method.messagesReceived == 3 && method.bytesReceived == 6)
      #expect(method.messagesSent == 3 && method.bytesSent == 6)
      #expect(method.ended[.ok]?.count == 1)
    }
  }

  @Test func `compressed messages count as they travelled, unary or not`() async throws {
    let dull = [UInt8](repeating: 7, count: 5_000)
    let small = try #require(packed(dull, .gzip))
    var configuration = Server.Configuration()
    configuration.compression = MessageCompression(.gzip, minBytes: 1)
    let gzip = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")]
    let inPieces = Unary { call in
      call.append(size: 5_000) { output in for byte in dull { output.append(byte) } }
      call.finish()
    }
    let services: [ServiceRegistration] = [
      .unary(paths: ["/t.S/Whole"], Unary.echo), .unary(paths: ["/t.S/Pieces"], inPieces),
      .streaming(paths: ["/t.S/Stream"], Streaming.echo),
    ]
    try await withServer(services, configuration) { server in
      let client = try await server.connect()
      for path in ["/t.S/Whole", "/t.S/Pieces", "/t.S/Stream"] {
        let answer = try await client.answer(path, gzip, body: framedCompressed(small))
        #expect(answer.body == framedCompressed(small), "\(path)")
      }
      let metrics = await server.server.metrics()
      for method in metrics.methods.dropLast() {
        #expect(method.messagesReceived == 1 && method.messagesSent == 1)
        #expect(method.bytesReceived == small.count, "\(method.path ?? "")")
        #expect(method.bytesSent == small.count, "\(method.path ?? "")")
      }
    }
  }

  @Test func `sockets come in pages by id, and ids are never used again`() async throws {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      var clients: [TestClient] = []
      for _ in 0..<5 {
        clients.append(try await server.connect())
        _ = try await clients.last?.answer("/t.S/M", body: framed([1]))
      }
      let all = await server.server.sockets(from: 0, max: 100)
      #expect(all.count == 5)
      #expect(all.map(\.id) == all.map(\.id).sorted())
      let page = await server.server.sockets(from: all[1].id + 1, max: 2)
      #expect(page.map(\.id) == [all[2].id, all[3].id])
      #expect(all[0].remote?.port == clients[0].channel.localAddress?.port)
      #expect(all[0].local == server.address)
      #expect(await server.server.socket(all[4].id)?.traffic?.streamsStarted == 1)

      try await clients[4].close()
      try await eventually("it is gone") { await server.server.socket(all[4].id) == nil }
      clients[4] = try await server.connect()
      _ = try await clients[4].answer("/t.S/M", body: framed([1]))
      let newest = await server.server.sockets(from: 0, max: 100).last?.id ?? 0
      #expect(newest > all[4].id)
      let listener = server.server.listeningSockets[0]
      #expect(await server.server.socket(listener.id)?.local == server.address)
      #expect(Set([server.server.id, listener.id] + all.map(\.id)).count == 7)
    }
  }
}
