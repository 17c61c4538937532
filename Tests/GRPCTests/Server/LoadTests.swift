import HTTP2
import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import TestSupport
import Testing

@testable import GRPC

@Suite struct ConnectionCountsTests {
  private func origin(_ address: String) throws -> Origin {
    try #require(Origin(try SocketAddress(ipAddress: address, port: 7)))
  }

  @Test func `connections are counted together and by address`() throws {
    let counts = ConnectionCounts(connectionsMax: 3, connectionsPerAddressMax: 2)
    let (one, two) = (try self.origin("10.0.0.1"), try self.origin("10.0.0.2"))
    #expect(counts.open(from: one) == nil && counts.open(from: one) == nil)
    #expect(counts.open(from: one) == .connectionsPerAddressMax)
    #expect(counts.open(from: two) == nil)
    #expect(counts.open(from: two) == .connectionsMax)
    #expect(counts.open(from: nil) == .connectionsMax)
    counts.close(from: one)
    #expect(counts.open == 2)
    #expect(counts.open(from: one) == nil)
  }

  @Test func `a host counts once, however many addresses of its network it has`() throws {
    #expect(try self.origin("2001:db8::1") == self.origin("2001:db8::ffff:1"))
    #expect(try self.origin("2001:db8::1") != self.origin("2001:db8:0:1::1"))
    #expect(try self.origin("::ffff:10.0.0.1") == self.origin("10.0.0.1"))
    #expect(try self.origin("10.0.0.1") != self.origin("10.0.0.2"))
    #expect(Origin(nil) == nil)
    #expect(Origin(try SocketAddress(unixDomainSocketPath: "/tmp/x")) == nil)
  }

  @Test func `a connection above the limit of its address is closed, and those before go on`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.connectionsPerAddressMax = 1
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)], configuration) { server in
      let first = try await server.connect()
      #expect(try await first.answer("/t.S/M", body: framed([1])).messages == [[1]])
      let second = try await server.connect()
      try await eventually("the second is closed") { second.isClosed }
      #expect(try await first.answer("/t.S/M", body: framed([2])).messages == [[2]])
      try await first.close()
      try await eventually("its end is counted") { server.server.connections == 0 }
      let third = try await server.connect()
      #expect(try await third.answer("/t.S/M", body: framed([3])).messages == [[3]])
    }
  }
}

@Suite struct ServerLoadTests {
  private static let head: KeyValuePairs = [
    ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
    "te": "trailers", "content-type": "application/grpc",
  ]

  /// A connection whose client's windows are closed, on a server that holds `load`.
  private func connection(_ load: ServerLoad, _ service: any UnaryService) throws -> EmbeddedServer
  {
    let server = try EmbeddedServer([.unary(paths: ["/t.S/M"], service)], load: load)
    try server.feed(Frame.preface + Frame.settings([(0x4, 0)]))
    _ = try server.frames()
    return server
  }

  private func call(_ id: UInt32) -> [UInt8] {
    Frame.headers(stream: id, Self.head) + Frame.data(stream: id, framed([]), endStream: true)
  }

  /// The text of the refusal in `frames`: its head ends the stream at once.
  private func isRefused(_ frames: [SentFrame]) -> Bool {
    frames.types == [0x1] && frames[0].isEnd
  }

  @Test func `answers of all connections together fill the server, which then refuses calls`()
    throws
  {
    let load = ServerLoad(buffersMaxBytes: 2_010)
    let service = Unary { $0.reply(pattern(1_000)) }
    let (one, two) = (try self.connection(load, service), try self.connection(load, service))
    try one.feed(self.call(1))
    try two.feed(self.call(1))
    #expect(load.bufferedBytes == 2_010)
    // At the limit a call is still served.
    try one.feed(self.call(3))
    #expect(load.bufferedBytes == 3_015)
    _ = try (one.frames(), two.frames())
    try two.feed(self.call(3))
    #expect(self.isRefused(try two.frames().of(3)) && two.hits == [.buffersMax: 1])

    // What is read, given up, or lost with its connection, is free again.
    try one.feed(Frame.windowUpdate(stream: 1, 10_000))
    #expect(load.bufferedBytes == 2_010)
    try one.feed(Frame.resetStream(stream: 3, code: 8))
    #expect(load.bufferedBytes == 1_005)
    _ = try two.channel.finish(acceptAlreadyClosed: true)
    #expect(load.bufferedBytes == 0)
  }

  @Test func `who holds next to nothing is served by a server that others have filled`() throws {
    let load = ServerLoad(buffersMaxBytes: 64_000)
    let (full, small) = (
      try self.connection(load, Unary.echo), try self.connection(load, Unary.echo)
    )
    load.buffer(64_001)
    try small.feed(self.call(1))
    let answer = try small.frames().of(1)
    #expect(small.hits.isEmpty && !self.isRefused(answer))
    let large = [0, 0, 0, 16, 0] + pattern(1_500)
    try full.feed(Frame.headers(stream: 1, Self.head) + Frame.data(stream: 1, large))
    #expect(full.hits == [.buffersMax: 1])
    // The reserve has an end.
    load.buffer(4_000)
    try small.feed(self.call(3))
    #expect(small.hits == [.buffersMax: 1])
  }

  @Test func `incomplete requests of all connections together fill the server`() throws {
    let load = ServerLoad(buffersMaxBytes: 1_000)
    let (one, two) = (
      try self.connection(load, Unary.echo), try self.connection(load, Unary.echo)
    )
    let half = [0, 0, 0, 4, 0] + pattern(495)
    for server in [one, two] {
      try server.feed(Frame.headers(stream: 1, Self.head) + Frame.data(stream: 1, half))
    }
    #expect(load.bufferedBytes == 1_000)
    _ = try two.frames()
    try two.feed(Frame.data(stream: 1, [1]))
    #expect(two.hits == [.buffersMax: 1])
    #expect(try two.frames().of(1).contains { $0.isHeaders && $0.isEnd })
    #expect(load.bufferedBytes == 500)
    #expect(one.connection.session.liveStreams == 1)
  }

  @Test func `a parked call's message is counted until it is answered`() throws {
    let load = ServerLoad()
    let lot = ParkingLot()
    let server = try EmbeddedServer([.unary(paths: ["/t.S/M"], lot)], load: load)
    _ = server.call(body: framed(pattern(10_000)))
    try server.run()
    #expect(load.bufferedBytes == 10_005)
    lot.answer([1])
    try server.run()
    #expect(load.bufferedBytes == 0)
  }

  @Test func `handlers up to the limit run, and a cancelled one counts until it returns`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.handlersMax = 1
    let gate = Gate()
    let began = Flag()
    let stubborn = Streaming { _ in
      began.set()
      // Heeds no cancellation.
      await Task { await gate.wait() }.value
    }
    try await withStreaming(stubborn, configuration) { server in
      let client = try await server.connect()
      let first = try await client.call("/t.S/M", isOpen: true)
      try await eventually("the handler runs") { began.isSet }
      try await client.cancel(first)
      let second = try await client.answer("/t.S/M", body: [])
      #expect(second.status == 8)
      #expect(second.message == "more than 1 streaming calls are being served")
      // Unary calls have no handler that could be left behind.
      #expect(try await client.answer("/t.S/Echo", body: framed([1])).messages == [[1]])
      gate.open()
      try await eventually("the handler has returned") {
        try await client.answer("/t.S/M", body: []).status == 0
      }
    }
  }

  @Test func `half of the handlers are kept for callers that are known`() {
    let load = ServerLoad(handlersMax: 3)
    #expect(load.enter(isStranger: true) && load.enter(isStranger: true))
    #expect(!load.enter(isStranger: true) && load.handlers == 2)
    #expect(load.enter() && !load.enter())
    load.leave()
    load.leave()
    #expect(load.enter(isStranger: true) && !load.enter(isStranger: true))
  }

  /// Knows those who say that they are known.
  private final class Doorman: ServerInterceptor {
    private final class Known: Sendable {}

    let asksForCallers = true

    func begin(_ call: borrowing InterceptedCall) {
      if call.metadata.first("x-known") != nil { call.caller = Known() }
    }
  }

  @Test func `streams of strangers leave room for a caller that is known`() async throws {
    var configuration = Server.Configuration()
    configuration.handlersMax = 2
    configuration.interceptors = [Doorman()]
    let gate = Gate()
    let waiting = Streaming { _ in await gate.wait() }
    try await withStreaming(waiting, configuration) { server in
      let client = try await server.connect()
      let first = try await client.call("/t.S/M", body: [])
      let second = try await client.answer("/t.S/M", body: [])
      #expect(second.status == 8)
      #expect(second.message == "more than 1 streaming calls are being served")
      let known = try await client.call("/t.S/M", [("x-known", "1")], body: [])
      let third = try await client.answer("/t.S/M", [("x-known", "1")], body: [])
      #expect(third.message == "more than 2 streaming calls are being served")
      gate.open()
      #expect(try await client.answer(first).status == 0)
      #expect(try await client.answer(known).status == 0)
    }
  }

  @Test func `a flood of refusals is told once in ten seconds, with how many there were`() {
    let records = Records()
    let logger = Logger(label: "test") { _ in RecordingHandler(records: records) }
    let load = ServerLoad()
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    for _ in 0..<1_000 { load.log(.messageMax, peer: "p", now: start, to: logger) }
    load.log(.handlersMax, peer: "p", now: start, to: logger)
    load.log(.messageMax, peer: "p", now: start + .seconds(9), to: logger)
    load.log(.messageMax, peer: "p", now: start + .seconds(10), to: logger)
    #expect(
      records.all == [
        "a client has reached message-max 1", "a client has reached handlers-max 1",
        "a client has reached message-max 1001",
      ])
  }
}

/// What was logged above debug, with how many times.
private final class Records: Sendable {
  private let records = Mutex<[String]>([])

  var all: [String] { self.records.withLock { $0 } }
  func add(_ record: String) { self.records.withLock { $0.append(record) } }
}

private struct RecordingHandler: LogHandler {
  let records: Records
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { self.metadata[key] }
    set { self.metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    self.records.add("\(event.message) \(event.metadata?["times"] ?? "none")")
  }
}
