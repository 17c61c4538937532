import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// What a connection and its calls are late with, on a server whose time is simulated.
@Suite struct ConnectionTimeoutTests {
  private static let head: KeyValuePairs = [
    ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
    "te": "trailers", "content-type": "application/grpc",
  ]

  /// A server that has just accepted a connection.
  private func server(
    _ service: any UnaryService = Unary.echo, _ change: (inout ConnectionLimits) -> Void = { _ in }
  ) throws -> EmbeddedServer {
    var limits = ConnectionLimits()
    change(&limits)
    return try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], service)], limits: limits,
      time: .uptimeNanoseconds(1_000_000_000_000))
  }

  private static let settled = Frame.clientHello + Frame.settingsAcknowledgement()

  private func call(_ id: UInt32) -> [UInt8] {
    Frame.headers(stream: id, Self.head) + Frame.data(stream: id, framed([1]), endStream: true)
  }

  // MARK: - Connections

  @Test(arguments: [[], Array(Frame.preface.prefix(10)), Frame.preface])
  func `a connection that does not speak HTTP2 in time is closed without a word`(
    sent: [UInt8]
  ) throws {
    let server = try self.server()
    _ = try server.frames()
    try server.feed(sent)
    server.pass(9)
    #expect(server.isActive)
    server.pass(2)
    #expect(server.hasEnded && server.hits == [.prefaceTimeout: 1])
    #expect(try server.output().isEmpty)
  }

  @Test func `a client that never acknowledges SETTINGS is told SETTINGS_TIMEOUT`() throws {
    let server = try self.server()
    try server.feed(Frame.clientHello)
    server.pass(11)
    let goAway = try #require(try server.frames().goAways.first)
    #expect(goAway.code == ErrorCode.settingsTimeout.rawValue)
    #expect(goAway.debugText == "preface-timeout")
    #expect(server.hasEnded && server.hits == [.prefaceTimeout: 1])
  }

  @Test(arguments: [
    ("half a frame head", Array(Frame.ping().prefix(5))),
    ("half a PING", Array(Frame.ping().prefix(12))),
    ("half a header block", Frame.bytes(type: 0x1, stream: 1, [0])),
  ])
  func `what is begun and not ended closes the connection`(what: String, sent: [UInt8]) throws {
    let server = try self.server()
    try server.feed(Self.settled + sent)
    server.pass(9)
    #expect(server.isActive)
    server.pass(3)
    #expect(server.hasEnded && server.hits == [.headerTimeout: 1])
    #expect(try server.frames().goAways.first?.debugText == "header-timeout")
  }

  @Test func `a header block that trickles in CONTINUATIONs is one that is late`() throws {
    let server = try self.server()
    try server.feed(Self.settled + Frame.bytes(type: 0x1, stream: 1, [0]))
    for _ in 0..<12 where server.isActive {
      server.pass(1)
      if server.isActive { try server.feed(Frame.continuation(stream: 1, [])) }
    }
    #expect(server.hasEnded && server.hits == [.headerTimeout: 1])
  }

  @Test func `a busy connection whose reads end inside frames is not late`() throws {
    let server = try self.server()
    try server.feed(Self.settled)
    var rest: [UInt8] = []
    for index in 0..<100 {
      let bytes = rest + self.call(UInt32(2 * index + 1))
      try server.feed(Array(bytes.prefix(20)))
      rest = Array(bytes.dropFirst(20))
      server.pass(1)
      try server.feed(rest)
      rest = []
    }
    #expect(server.isActive && server.hits.isEmpty)
  }

  @Test func `a connection without calls is drained with max_idle`() throws {
    let server = try self.server { $0.timeouts.idle = .seconds(100) }
    try server.feed(Self.settled + self.call(1))
    _ = try server.frames()
    server.pass(101)
    let announced = try server.frames()
    #expect(announced.types == [0x7, 0x6])
    let ping = try #require(announced.last)
    try server.feed(Frame.bytes(type: 0x6, flags: Frame.acknowledgement, ping.payload))
    let said = try #require(try server.frames().goAways.first)
    #expect(said.code == 0 && said.debugText == "max_idle" && said.lastStream == 1)
    #expect(server.hasEnded && server.hits == [.idleTimeout: 1])
  }

  @Test func `a connection of its age is drained with max_age, and calls have its grace`() throws {
    let lot = ParkingLot()
    let server = try self.server(lot) {
      $0.timeouts.ageMax = .seconds(100)
      $0.timeouts.ageGrace = .seconds(30)
    }
    try server.feed(Self.settled + self.call(1))
    _ = try server.frames()
    server.pass(89)
    #expect(try server.frames().isEmpty)
    // A tenth more or less; and ten seconds for the answer to the PING, which does not come.
    server.pass(22 + 11)
    let frames = try server.frames()
    #expect(frames.types.starts(with: [0x7, 0x6, 0x7]))
    #expect(frames.goAways.last?.debugText == "max_age")
    server.pass(30)
    #expect(server.hasEnded)
    #expect(server.hits == [.connectionAgeMax: 1, .connectionAgeGrace: 1])
  }

  @Test func `a silent client is sent a PING, and its answer keeps the connection`() throws {
    let server = try self.server { $0.timeouts.keepaliveInterval = .seconds(60) }
    try server.feed(Self.settled)
    _ = try server.frames()
    for _ in 0..<3 {
      server.pass(62)
      let ping = try #require(try server.frames().first)
      #expect(ping.isPing)
      try server.feed(Frame.bytes(type: 0x6, flags: Frame.acknowledgement, ping.payload))
    }
    server.pass(61 + 21)
    #expect(server.hasEnded && server.hits == [.keepaliveTimeout: 1])
  }

  // MARK: - Bodies

  @Test func `a unary call whose message does not come is refused, and its memory is back`() throws
  {
    let server = try self.server()
    try server.feed(
      Self.settled + Frame.headers(stream: 1, Self.head)
        + Frame.data(stream: 1, [0, 0, 0, 0x10, 0] + [UInt8](repeating: 1, count: 1_000)))
    _ = try server.frames()
    #expect(server.resources.load.bufferedBytes == 1_005)
    // A byte now and then does not help.
    for _ in 0..<59 {
      server.pass(1)
      try server.feed(Frame.data(stream: 1, [1]))
    }
    #expect(try server.frames().of(1).filter(\.isHeaders).isEmpty)
    server.pass(2)
    let frames = try server.frames().of(1)
    #expect(frames.contains { $0.isHeaders && $0.isEnd } && frames.resetCodes == [0])
    #expect(server.isActive && server.hits == [.bodyTimeout: 1])
    #expect(server.resources.load.bufferedBytes == 0)
    #expect(server.connection.session.liveStreams == 0)
  }

  @Test func `a parked call is not late with its body`() throws {
    let lot = ParkingLot()
    let server = try self.server(lot)
    try server.feed(Self.settled + self.call(1))
    server.pass(1_000)
    lot.answer([7])
    #expect(try server.frames().of(1).body == framed([7]))
    #expect(server.hits.isEmpty)
  }

  @Test func `a streaming call may be silent between messages, but not inside one`() async throws {
    var configuration = Server.Configuration()
    configuration.connection.timeouts.body = .milliseconds(200)
    try await withStreaming(.echo, configuration) { server in
      let client = try await server.connect()
      let silent = try await client.call("/t.S/M", body: framed([1]), isOpen: true)
      let cut = try await client.call("/t.S/M", body: framed([1]) + [0, 0], isOpen: true)
      let answer = try await client.answer(cut)
      #expect(answer.status == 4)
      #expect(answer.message == "the message of the call was not whole after 200 ms")
      try await client.send(silent, framed([2]), isEnd: true)
      #expect(try await client.answer(silent).messages == [[1], [2]])
    }
  }

  @Test func `a handler that does not read makes its client late with nothing`() async throws {
    var configuration = Server.Configuration()
    configuration.connection.timeouts.body = .milliseconds(100)
    let gate = Gate()
    let service = Streaming { call in
      await gate.wait()
      for try await message in call.messages { try await call.send(message) }
    }
    try await withStreaming(service, configuration) { server in
      let client = try await server.connect()
      let many = (0..<10).flatMap { _ in framed([1]) }
      let id = try await client.call("/t.S/M", body: many)
      try await Task.sleep(for: .milliseconds(400))
      gate.open()
      let answer = try await client.answer(id)
      #expect(answer.status == 0 && answer.messages.count == 10)
    }
  }

  // MARK: - Output

  @Test func `an answer that the client's window does not let out is reset, and the rest goes on`()
    throws
  {
    let server = try self.server()
    // SETTINGS_INITIAL_WINDOW_SIZE 0.
    try server.feed(
      Frame.preface + Frame.settings([(0x4, 0)]) + Frame.settingsAcknowledgement()
        + self.call(1))
    _ = try server.frames()
    #expect(server.connection.session.queuedBytes == 6)
    server.pass(29)
    try server.feed(self.call(3) + Frame.windowUpdate(stream: 3, 100))
    #expect(try server.frames().of(3).body == framed([1]))
    server.pass(2)
    #expect(try server.frames().of(1).resetCodes == [ErrorCode.enhanceYourCalm.rawValue])
    #expect(server.connection.session.queuedBytes == 0 && server.isActive)
    #expect(server.hits == [.writeTimeout: 1])
  }

  @Test func `a client that takes a byte before the time is up is waited for`() throws {
    let server = try self.server(Unary { $0.reply(pattern(100)) })
    try server.feed(
      Frame.preface + Frame.settings([(0x4, 0)]) + Frame.settingsAcknowledgement()
        + self.call(1))
    for _ in 0..<105 {
      server.pass(29)
      try server.feed(Frame.windowUpdate(stream: 1, 1))
    }
    #expect(try server.frames().of(1).body == framed(pattern(100)))
    #expect(server.hits.isEmpty)
  }

  @Test func `a socket that takes nothing closes the connection, not its calls one by one`() throws
  {
    let server = try self.server()
    try server.feed(Self.settled)
    server.channel.isWritable = false
    server.channel.pipeline.fireChannelWritabilityChanged()
    try server.feed(self.call(1) + self.call(3))
    server.pass(29)
    #expect(server.isActive)
    server.pass(3)
    #expect(server.hasEnded && server.hits == [.writeTimeout: 1])
  }

  // MARK: - Drain

  @Test func `a drain whose PING is not answered names the last call after a second`() throws {
    let lot = ParkingLot()
    let server = try self.server(lot)
    try server.feed(Self.settled + self.call(1))
    server.connection.startDrain(.shutdown)
    _ = try server.frames()
    #expect(try server.frames().isEmpty)
    server.pass(1)
    #expect(try server.frames().goAways.first?.lastStream == 1)
    #expect(server.isActive)
  }
}
