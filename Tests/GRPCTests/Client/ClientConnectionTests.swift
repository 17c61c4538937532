import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import GRPC

/// A client's connection by spelled frames.
@Suite struct ClientConnectionTests {
  private static let ok =
    Frame.headers(stream: 1, EmbeddedClient.okHead) + Frame.data(stream: 1, framed([5, 6]))
    + Frame.headers(stream: 1, EmbeddedClient.okTrailers, endStream: true)

  /// A response of one block, without messages.
  private func only(_ fields: KeyValuePairs<String, String>) throws -> EmbeddedClient.Answer? {
    try EmbeddedClient.answer(to: Frame.headers(stream: 1, fields, endStream: true))
  }

  // MARK: - Answers

  @Test func `an answer is delivered byte by byte, and its block is known the next time`() throws {
    let client = try EmbeddedClient()
    client.call()
    #expect(try client.frames().of(1).types == [0x1, 0x0])
    for byte in Self.ok { try client.feed([byte]) }
    #expect(client.answers.map(\.message) == [[5, 6]])
    #expect(client.answers.map(\.status) == [.ok])
    client.call(tag: 2)
    try client.feed(
      Frame.headers(stream: 3, EmbeddedClient.okHead) + Frame.data(stream: 3, framed([]))
        + Frame.headers(stream: 3, EmbeddedClient.okTrailers, endStream: true))
    #expect(client.answers.last?.tag == 2 && client.answers.last?.status == .ok)
    #expect(client.connection.openCalls == 0)
  }

  @Test func `metadata and trailers are the server's own`() throws {
    let answer = try EmbeddedClient.answer(
      to: Frame.headers(
        stream: 1, [":status": "200", "content-type": "application/grpc+proto", "x-a": "1"])
        + Frame.data(stream: 1, framed([5]))
        + Frame.headers(stream: 1, ["grpc-status": "0", "x-b-bin": "/wA"], endStream: true))
    #expect(answer?.metadata.text("x-a") == "1")
    #expect(answer?.trailers["x-b-bin"] == [[0xff, 0x00]])
    #expect(answer?.message == [5])
  }

  @Test func `a status in trailers only, its message and its details are read`() throws {
    let answer = try self.only([
      ":status": "200", "content-type": "application/grpc", "grpc-status": "5",
      "grpc-message": "no%20such%20%C3%A4rc%", "x-a": "1",
    ])
    #expect(answer?.status == Status(.notFound, "no such ärc%"))
    #expect(answer?.trailers.text("x-a") == "1" && answer?.metadata.isEmpty == true)
    #expect(answer?.wasNotExecuted == false)
  }

  @Test func `a grpc-status that is unknown or no number is UNKNOWN`() throws {
    for value in ["17", "99999999999", "x", "-1", ""] {
      let answer = try self.only([
        ":status": "200", "content-type": "application/grpc", "grpc-status": value,
      ])
      #expect(answer?.status.code == .unknown, "\(value)")
    }
  }

  @Test func `an answer without grpc-status is mapped from its HTTP status`() throws {
    for (http, code) in [
      ("400", .internal), ("401", .unauthenticated), ("403", .permissionDenied),
      ("404", .unimplemented), ("429", .unavailable), ("502", .unavailable),
      ("503", .unavailable), ("504", .unavailable), ("500", .unknown), ("200", .unknown),
    ] as [(String, StatusCode)] {
      #expect(try self.only([":status": http])?.status.code == code, "\(http)")
    }
  }

  @Test func `a page that is not gRPC is not read, and names its content-type`() throws {
    let client = try EmbeddedClient()
    client.call()
    try client.feed(
      Frame.headers(stream: 1, [":status": "200", "content-type": "text/html"])
        + Frame.data(stream: 1, Array("<html>".utf8)))
    #expect(client.answers.first?.status.code == .unknown)
    #expect(client.answers.first?.status.message.contains("text/html") == true)
    #expect(try client.frames().of(1).resetCodes == [ErrorCode.cancel.rawValue])
  }

  @Test func `an encoding that was not offered is INTERNAL`() throws {
    let answer = try EmbeddedClient.answer(
      to: Frame.headers(
        stream: 1,
        [":status": "200", "content-type": "application/grpc", "grpc-encoding": "br"]))
    #expect(answer?.status.code == .internal)
  }

  @Test func `an interim head is passed over`() throws {
    let answer = try EmbeddedClient.answer(
      to: Frame.headers(stream: 1, [":status": "103", "link": "x"]) + Self.ok)
    #expect(answer?.status == .ok && answer?.message == [5, 6])
  }

  @Test func `OK with no message, two messages, or a cut one is INTERNAL`() throws {
    for body in [[], framed([1]) + framed([2]), [0, 0, 0, 0, 2, 1], [1, 0, 0, 0, 0]] as [[UInt8]] {
      let answer = try EmbeddedClient.answer(
        to: Frame.headers(stream: 1, EmbeddedClient.okHead) + Frame.data(stream: 1, body)
          + Frame.headers(stream: 1, EmbeddedClient.okTrailers, endStream: true))
      #expect(answer?.status.code == .internal, "\(body)")
      #expect(answer?.message.isEmpty == true)
    }
  }

  @Test func `a message too large ends the call on its prefix`() throws {
    var configuration = ClientConfiguration()
    configuration.connection.messageMaxBytes = 100
    let client = try EmbeddedClient(configuration)
    client.call()
    try client.feed(
      Frame.headers(stream: 1, EmbeddedClient.okHead) + Frame.data(stream: 1, [0, 0, 0, 0, 101]))
    #expect(client.answers.first?.status.code == .resourceExhausted)
    #expect(try client.frames().of(1).resetCodes == [ErrorCode.cancel.rawValue])
  }

  @Test func `incomplete answers together over their limit end the call that reaches it`() throws {
    var configuration = ClientConfiguration()
    configuration.connection.requestBufferMaxBytes = 20
    let client = try EmbeddedClient(configuration)
    client.call(tag: 1)
    client.call(tag: 2)
    let part: [UInt8] = [0, 0, 0, 0, 50, 1, 2, 3, 4, 5]
    for stream in [1, 3] as [UInt32] {
      try client.feed(
        Frame.headers(stream: stream, EmbeddedClient.okHead) + Frame.data(stream: stream, part))
    }
    #expect(client.answers.isEmpty)
    try client.feed(Frame.data(stream: 3, [6]))
    #expect(client.answers.map(\.tag) == [2])
    #expect(client.answers.first?.status.code == .resourceExhausted)
  }

  // MARK: - Resets

  @Test func `a reset is mapped by its code`() throws {
    for (code, status, wasNotExecuted) in [
      (.refusedStream, .unavailable, true), (.cancel, .cancelled, false),
      (.enhanceYourCalm, .resourceExhausted, false),
      (.inadequateSecurity, .permissionDenied, false), (.noError, .internal, false),
      (.protocolError, .internal, false),
    ] as [(ErrorCode, StatusCode, Bool)] {
      let answer = try EmbeddedClient.answer(
        to: Frame.resetStream(stream: 1, code: code.rawValue))
      #expect(answer?.status.code == status, "\(code)")
      #expect(answer?.wasNotExecuted == wasNotExecuted, "\(code)")
    }
  }

  @Test func `a reset after the status does not hide it`() throws {
    let fields: KeyValuePairs = [
      ":status": "200", "content-type": "application/grpc", "grpc-status": "9",
    ]
    for end in [true, false] {
      let answer = try EmbeddedClient.answer(
        to: Frame.headers(stream: 1, fields, endStream: end)
          + Frame.resetStream(stream: 1, code: ErrorCode.noError.rawValue))
      #expect(answer?.status.code == .failedPrecondition)
    }
  }

  @Test func `a cancelled call is reset, and its receiver hears nothing`() throws {
    let client = try EmbeddedClient()
    let id = try #require(client.call())
    client.connection.cancel(id)
    client.connection.cancel(id)
    client.connection.flush()
    #expect(try client.frames().of(1).resetCodes == [ErrorCode.cancel.rawValue])
    try client.feed(Self.ok)
    #expect(client.answers.isEmpty && client.connection.openCalls == 0)
  }

  // MARK: - The connection's end

  @Test func `GOAWAY leaves out calls above its last, and lets the others end`() throws {
    let client = try EmbeddedClient(settings: [(0x3, 2)])
    for tag in 1...3 as ClosedRange<UInt64> { client.call(tag: tag) }
    try client.feed(Frame.goAway(lastStream: 1, code: 0, "max_age"))
    // The second was sent, and the third waited for the server's limit of two.
    #expect(client.answers.map(\.tag) == [2, 3])
    #expect(client.answers.allSatisfy { $0.status.code == .unavailable && $0.wasNotExecuted })
    #expect(client.call(tag: 4) == nil && !client.connection.canCall && client.connection.isOpen)
    try client.feed(Self.ok)
    #expect(client.answers.last?.status == .ok)
    #expect(!client.channel.isActive && !client.connection.isOpen)
  }

  @Test func `only a farewell for too many PINGs is taken for one`() throws {
    for (code, text, isOne) in [
      (11, "too_many_pings", true), (0, "too_many_pings", false), (11, "slower", false),
    ] as [(UInt32, String, Bool)] {
      let client = try EmbeddedClient()
      client.call()
      #expect(!client.connection.hasPingedTooOften)
      try client.feed(Frame.goAway(lastStream: 1, code: code, text))
      #expect(client.connection.hasPingedTooOften == isOne)
    }
  }

  @Test func `a lost connection fails calls, and says which were never sent`() throws {
    let client = try EmbeddedClient()
    client.call(tag: 1)
    client.call(tag: 2, isHeld: true)
    client.onAnswer = { #expect($0.call(tag: 9) == nil) }
    try client.channel.close().wait()
    #expect(client.answers.map(\.tag) == [1, 2])
    #expect(client.answers.map(\.wasNotExecuted) == [false, true])
    #expect(client.answers.allSatisfy { $0.status.message == "the connection to peer:1 was lost" })
  }

  @Test func `a server that breaks the protocol is cut off`() throws {
    let client = try EmbeddedClient()
    client.call()
    try client.feed(Frame.data(stream: 0, [1]))
    #expect(client.answers.first?.status.code == .unavailable)
    #expect(client.answers.first?.status.message.contains("broke the HTTP/2 protocol") == true)
    #expect(!client.channel.isActive)
  }

  @Test func `calls above calls-max are not taken`() throws {
    var configuration = ClientConfiguration()
    configuration.callsMax = 2
    let client = try EmbeddedClient(configuration)
    #expect(client.call() != nil && client.call() != nil && client.call() == nil)
    try client.feed(Self.ok)
    #expect(client.call() != nil)
  }

  // MARK: - Receivers

  @Test func `a receiver makes the next call, and may close the connection`() throws {
    let client = try EmbeddedClient()
    client.onAnswer = { client in
      if client.answers.count == 1 { client.call(tag: 2) } else { client.connection.close() }
    }
    client.call()
    _ = try client.frames()
    try client.feed(Self.ok)
    #expect(try client.frames().of(3).types == [0x1, 0x0])
    client.call(tag: 3)
    try client.feed(Frame.resetStream(stream: 3, code: 0x8))
    #expect(client.answers.map(\.tag) == [1, 2, 3])
    #expect(client.answers.last?.status.message == "the connection to peer:1 was closed")
  }

  // MARK: - Heads

  @Test func `a head with a timeout is made once for timeouts that round to the same`() throws {
    let method = ClientMethod(path: "/t.S/M", authority: "t")
    let first = method.head(timeout: .microseconds(1_201), metadata: .init())
    #expect(method.head(timeout: .microseconds(1_299), metadata: .init()) === first)
    #expect(method.head(timeout: .microseconds(1_301), metadata: .init()) !== first)
    for count in 1...ClientMethod.timeoutsMax {
      _ = method.head(timeout: .seconds(Int64(count)), metadata: .init())
    }
    #expect(method.head(timeout: .microseconds(1_299), metadata: .init()) !== first)
    #expect(
      method.head(timeout: nil, metadata: .init()) === method.head(timeout: nil, metadata: .init()))
  }
}
