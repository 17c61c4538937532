import TestSupport
import Testing

@testable import GRPC
@testable import HTTP2

/// What a server answers to requests that it does not serve.
@Suite struct RefusalTests {
  @Test func `what is not gRPC is answered in HTTP's words, without a grpc-status`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for (fields, status) in [
      ([(":method", "GET")], "405"), ([("content-type", "application/json")], "415"),
    ] {
      let head = HeaderList(
        ([(":method", "POST"), (":scheme", "http"), (":path", "/t.S/M"), (":authority", "t")]
          .filter { field in !fields.contains { $0.0 == field.0 } } + fields)
          .sorted { $0.0.hasPrefix(":") && !$1.0.hasPrefix(":") }
          .map { (name: $0.0, value: Array($0.1.utf8)) })
      let stream = try #require(server.client.request(head: head))
      stream.reportsClose = true
      let id = stream.id
      server.client.finish(stream)
      try server.run()
      #expect(server.answers[id].head == [":status": status, "content-length": "0"])
    }
  }

  @Test func `an unknown method is UNIMPLEMENTED, in trailers only`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let answer = try server.answer("/t.S/Nope", body: framed([]))
    #expect(answer.head[":status"] == "200" && answer.trailers.isEmpty)
    #expect(answer.status == 12 && answer.message == "unknown method /t.S/Nope")
  }

  @Test func `an unknown compression is UNIMPLEMENTED, and the known ones are named`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let answer = try server.answer("/t.S/M", [("grpc-encoding", "br")], body: framed([]))
    #expect(answer.status == 12)
    #expect(answer.message?.contains("br") == true)
    #expect(answer.field("grpc-accept-encoding") == "identity,deflate,gzip")
  }

  @Test func `every error says what compression is taken, for the next call`() throws {
    let server = try EmbeddedServer(Unary { $0.fail(Status(.notFound, "gone")) })
    for answer in [
      try server.answer(body: framed([])), try server.answer("/t.S/Nope", body: framed([])),
      try server.answer("/t.S/M", [("grpc-timeout", "?")], body: framed([])),
    ] {
      #expect(answer.trailers.isEmpty && answer.status != 0)
      #expect(answer.head["grpc-accept-encoding"] == "identity,deflate,gzip")
    }
  }

  @Test func `headers at the limit are taken, and a byte more is RESOURCE_EXHAUSTED`() throws {
    var limits = ConnectionLimits()
    limits.session.headerListMaxBytes = 1_000
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    let fixed = [
      (":method", "POST"), (":scheme", "http"), (":path", "/t.S/M"), (":authority", "test"),
      ("te", "trailers"), ("content-type", "application/grpc"), ("x", ""),
    ].reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count + 32 }
    let value = String(repeating: "v", count: 1_000 - fixed)
    let atLimit = try server.answer("/t.S/M", [("x", value)], body: framed([1]))
    #expect(atLimit.messages == [[1]])
    let over = try server.answer("/t.S/M", [("x", value + "v")], body: framed([1]))
    #expect(over.status == 8)
    #expect(over.message?.contains("1000 bytes") == true)
    #expect(over.field("grpc-status-details-bin") != nil)
  }

  @Test func `an error whose text is too long for a header list is cut, and still told`() throws {
    let long = String(repeating: "ä", count: 50_000)
    let info = ErrorInfo(reason: "TOO_MUCH", metadata: ["name": long])
    let server = try EmbeddedServer(Unary { $0.fail(Status(.notFound, long, info: info)) })
    let answer = try server.answer(body: framed([]))
    #expect(answer.status == 5)
    // 512 letters of two bytes, each byte as %XX, and three dots.
    #expect(answer.message?.count == 512 * 6 + 3)
    let details = try #require(answer.field("grpc-status-details-bin"))
    let decoded = Base64.decode(Array(details.utf8).span.bytes)
    let bytes = try #require(decoded)
    let sent = try StatusDetails.details(in: bytes.span.bytes).info
    #expect(sent == ErrorInfo(reason: "TOO_MUCH"))
  }

  @Test func `a status message of the limit is sent whole`() throws {
    let text = String(repeating: "x", count: 1_024)
    for (text, sent) in [(text, text), (text + "x", text + "...")] {
      let server = try EmbeddedServer(Unary { $0.fail(Status(.notFound, text)) })
      #expect(try server.answer(body: framed([])).message == sent)
    }
  }

  // MARK: - Framing

  @Test func `a message of the limit is served, and one of a byte more refused on its prefix`()
    throws
  {
    var limits = ConnectionLimits()
    limits.messageMaxBytes = 1_000
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    #expect(try server.answer(body: framed(pattern(1_000))).messages == [pattern(1_000)])
    // Five bytes are enough to know.
    let id = server.call(body: [0, 0, 0, 0x03, 0xe9], isOpen: true).id
    try server.run()
    let answer = server.answers[id]
    #expect(answer.status == 8)
    #expect(answer.message == "received message larger than max (1001 vs. 1000)")
    #expect(answer.closeCode == .noError)
    #expect(server.connection.session.liveStreams == 0)
  }

  @Test func `a service may take less than the server does, or more`() throws {
    var limits = ConnectionLimits()
    limits.messageMaxBytes = 1_000
    for (most, taken, expected) in [
      (Int.max, 0, 1_000), (10, 0, 10), (.max, 2_000, 2_000), (10, 2_000, 2_000), (10, 5, 10),
    ] {
      let server = try EmbeddedServer(
        Bounded(messageMaxBytes: most, messageTakenBytes: taken), limits: limits)
      #expect(try server.answer(body: framed(pattern(expected))).status == 0, "\(expected)")
      let refused = try server.answer(body: framed(pattern(expected + 1)))
      #expect(refused.message?.hasSuffix("max (\(expected + 1) vs. \(expected))") == true)
    }
  }

  /// Answers with nothing to messages within its bounds.
  private final class Bounded: UnaryService {
    let messageMaxBytes: Int
    let messageTakenBytes: Int

    init(messageMaxBytes: Int, messageTakenBytes: Int) {
      self.messageMaxBytes = messageMaxBytes
      self.messageTakenBytes = messageTakenBytes
    }

    func serve(_ call: borrowing UnaryCall) { call.reply([]) }
  }

  @Test func `a call with two messages, none, or a cut one is not served`() throws {
    let server = try EmbeddedServer(Unary { _ in Issue.record("a handler was called") })
    let cases: [([UInt8], Int)] = [
      (framed([1]) + framed([2]), 12),
      (framed([1]) + [0], 12),
      ([], 12),
      ([0, 0, 0], 13),
      ([0, 0, 0, 0, 4, 1, 2, 3], 13),
      ([1, 0, 0, 0, 0], 13),
      ([2, 0, 0, 0, 0], 13),
    ]
    for (body, status) in cases {
      #expect(try server.answer(body: body).status == status, "\(body)")
    }
  }

  @Test func `a second message is refused before the call has ended`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let id = server.call(body: framed([1]) + framed([2]), isOpen: true).id
    try server.run()
    #expect(server.answers[id].status == 12)
  }

  @Test func `a message in pieces, the end in a frame of its own, is served once whole`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let stream = server.call(isOpen: true)
    let id = stream.id
    for byte in framed([1, 2, 3]) {
      server.client.append(to: stream, bytes: [byte])
      try server.run()
      #expect(!server.answers[id].isHeadReceived)
    }
    server.client.finish(stream)
    try server.run()
    #expect(server.answers[id].messages == [[1, 2, 3]])
  }

  // MARK: - Request buffer

  @Test func `incomplete requests up to the limit are held, and the one a byte over is refused`()
    throws
  {
    var limits = ConnectionLimits()
    limits.requestBufferMaxBytes = 100_000
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    // 60,000 and 40,000 bytes so far, of messages of 80,000 each.
    let message = framed(pattern(80_000))
    let first = server.call(body: Array(message[..<60_000]), isOpen: true)
    let second = server.call(body: Array(message[..<40_000]), isOpen: true)
    let (firstID, secondID) = (first.id, second.id)
    try server.run()
    #expect(!server.answers[firstID].isHeadReceived && !server.answers[secondID].isHeadReceived)

    server.client.append(to: second, bytes: [message[40_000]])
    try server.run()
    #expect(server.answers[secondID].status == 8)
    #expect(server.answers[secondID].message?.contains("100000 bytes") == true)

    // The refused one's bytes are given back, so the other can go on to its end.
    server.client.append(to: first, bytes: Array(message[60_000...]))
    server.client.finish(first)
    try server.run()
    #expect(server.answers[firstID].messages == [pattern(80_000)])
  }

  @Test func `requests that were cancelled or served no longer count`() throws {
    var limits = ConnectionLimits()
    limits.requestBufferMaxBytes = 50_000
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    for round in 0..<10 {
      let stream = server.call(body: Array(framed(pattern(60_000))[..<40_000]), isOpen: true)
      let id = stream.id
      try server.run()
      #expect(!server.answers[id].isHeadReceived, "round \(round)")
      server.client.reset(stream, .cancel)
      try server.run()
      let served = server.call(body: Array(framed(pattern(40_000))[..<30_000]), isOpen: true)
      let servedID = served.id
      try server.run()
      server.client.append(to: served, bytes: Array(framed(pattern(40_000))[30_000...]))
      server.client.finish(served)
      try server.run()
      #expect(server.answers[servedID].messages == [pattern(40_000)])
    }
  }

  @Test func `answers up to the limit may wait unread, and with a byte more calls are refused`()
    throws
  {
    var limits = ConnectionLimits()
    limits.answerBufferMaxBytes = 2_005
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    var session = SessionConfiguration()
    session.streamWindowBytes = 0
    let client = Session(role: .client, configuration: session)
    func call(_ bytes: Int) throws -> Int32 {
      let stream = try #require(client.request(head: requestHead("/t.S/M")))
      client.append(to: stream, bytes: framed(pattern(bytes)))
      client.finish(stream)
      try server.feed(try client.pullAll())
      return stream.id
    }
    func isRefused(_ id: Int32) throws -> Bool { server.connection.session.stream(id) == nil }

    // 5 bytes of prefix and 2,000 wait; then 5 and 1 more.
    let first = try call(2_000)
    let (second, third) = (try call(1), try call(1))
    #expect(try !isRefused(first) && !isRefused(second) && isRefused(third))
    #expect(server.connection.session.queuedBytes == 2_011)
    // What was given up counts no more.
    try server.feed(Frame.resetStream(stream: UInt32(first), code: 8))
    #expect(server.connection.session.queuedBytes == 6)
    #expect(try !isRefused(try call(1)))
  }

  @Test func `a large request gives its memory back when it is answered, not when that is read`()
    throws
  {
    let server = try EmbeddedServer(Unary { $0.reply([1]) })
    // The client's window is closed: SETTINGS_INITIAL_WINDOW_SIZE is 0.
    try server.feed(
      Frame.preface + Frame.settings([(0x4, 0)])
        + Frame.headers(
          stream: 1,
          [
            ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
            "te": "trailers", "content-type": "application/grpc",
          ]))
    var rest = framed(pattern(1_000_000))[...]
    while !rest.isEmpty {
      let isEnd = rest.count <= 16_384
      try server.feed(Frame.data(stream: 1, Array(rest.prefix(16_384)), endStream: isEnd))
      rest = rest.dropFirst(16_384)
    }
    let stream = try #require(server.connection.session.stream(1))
    #expect(stream.outboundCount > 0)
    #expect(stream.record.pointee.inbound.capacity <= 64 << 10)
  }

  @Test func `twenty thousand rejected calls with bodies leave the connection able to serve`()
    throws
  {
    var limits = ConnectionLimits()
    limits.session.connectionWindowBytes = 65_535
    limits.messageMaxBytes = 100_000
    let server = try EmbeddedServer(Unary.echo, limits: limits)
    let body = framed(pattern(1_000))
    for _ in 0..<20_000 {
      _ = server.call("/t.S/Nope", body: body)
      try server.run()
    }
    #expect(server.answers.exchanges.count == 20_000)
    #expect(server.answers.exchanges.values.allSatisfy { $0.status == 12 })
    #expect(try server.answer(body: framed(pattern(100_000))).messages == [pattern(100_000)])
  }
}
