import HTTP2
import NIOCore
import TestSupport
import Testing

@testable import GRPC

/// Compressed messages as a client sends and takes them.
@Suite struct ClientCompressionTests {
  private static let dull = [UInt8](repeating: 7, count: 5_000)

  private static func answer(
    _ encoding: String, _ message: [UInt8], limit: Int = 4 << 20
  ) throws -> EmbeddedClient.Answer? {
    var configuration = ClientConfiguration()
    configuration.connection.messageMaxBytes = limit
    return try EmbeddedClient.answer(
      to: Frame.headers(
        stream: 1,
        [":status": "200", "content-type": "application/grpc", "grpc-encoding": encoding])
        + Frame.data(stream: 1, framedCompressed(message))
        + Frame.headers(stream: 1, EmbeddedClient.okTrailers, endStream: true), configuration)
  }

  @Test func `a compressed answer is handed over as what it stands for`() throws {
    #expect(try Self.answer("gzip", Sample.gzip)?.message == Sample.plain)
    #expect(try Self.answer("deflate", Sample.zlib)?.message == Sample.plain)
    #expect(try Self.answer("gzip", Sample.emptyGzip)?.status == .ok)
  }

  @Test func `a broken answer is INTERNAL, and one that grows too large RESOURCE_EXHAUSTED`() throws
  {
    for (encoding, message) in [
      ("gzip", Sample.zlib), ("deflate", Sample.bareDeflate), ("gzip", []),
      ("gzip", Sample.gzip + [0]), ("identity", Sample.gzip), ("br", Sample.gzip),
    ] as [(String, [UInt8])] {
      let answer = try Self.answer(encoding, message)
      #expect(answer?.status.code == .internal && answer?.message == [], "\(encoding)")
    }
    let tooLarge = try Self.answer("gzip", Sample.gzip, limit: Sample.plain.count - 1)
    #expect(tooLarge?.status.code == .resourceExhausted)
    #expect(tooLarge?.status.message.contains("larger than max") == true)
    #expect(try Self.answer("gzip", Sample.gzip, limit: Sample.plain.count)?.status == .ok)
  }

  @Test func `an answer with the head of the last one is read with its encoding`() throws {
    let client = try EmbeddedClient()
    for (tag, stream) in [(1, 1), (2, 3), (3, 5)] as [(UInt64, UInt32)] {
      client.call(tag: tag)
      try client.feed(
        Frame.headers(
          stream: stream,
          [":status": "200", "content-type": "application/grpc", "grpc-encoding": "gzip"])
          + Frame.data(stream: stream, framedCompressed(Sample.gzip))
          + Frame.headers(stream: stream, EmbeddedClient.okTrailers, endStream: true))
      #expect(client.answers.last?.message == Sample.plain)
    }
    client.call(tag: 4)
    try client.feed(
      Frame.headers(stream: 7, EmbeddedClient.okHead)
        + Frame.data(stream: 7, framedCompressed(Sample.gzip))
        + Frame.headers(stream: 7, EmbeddedClient.okTrailers, endStream: true))
    #expect(client.answers.last?.status.code == .internal)
  }

  @Test func `requests are compressed where the channel is told to, and are worth it`() async throws
  {
    let service = Unary { call in
      call.reply([call.wasCompressed ? 1 : 0, UInt8(truncatingIfNeeded: call.message.byteCount)])
    }
    for encoding in MessageEncoding.allCases {
      var client = ClientConfiguration()
      client.compression = MessageCompression(encoding)
      try await withChannel([.unary(paths: ["/t.S/M"], service)], client: client) { channel, _ in
        let flag: UInt8 = encoding == .identity ? 0 : 1
        let (large, small) = (
          try await channel.answer(Self.dull), try await channel.answer([1, 2, 3])
        )
        #expect(large == [flag, 136] && small == [0, 3])
      }
    }
  }

  @Test func `streams are compressed both ways`() async throws {
    let service = Streaming { call in
      for try await message in call.receivedMessages {
        try await call.send(ByteBuffer(bytes: [message.wasCompressed ? 1 : 0]))
        try await call.send(message.bytes)
      }
    }
    var client = ClientConfiguration()
    client.compression = MessageCompression(.deflate)
    var server = Server.Configuration()
    server.compression = MessageCompression(.gzip)
    try await withChannel(
      [.streaming(paths: ["/t.S/M"], service)], server, client: client
    ) { channel, _ in
      let call = try await channel.streaming("/t.S/M")
      try await call.send(ByteBuffer(bytes: Self.dull))
      try await call.send(ByteBuffer(bytes: Self.dull), mayCompress: false)
      await call.finishSending()
      var messages: [[UInt8]] = []
      for try await message in call.messages { messages.append(Array(message.readableBytesView)) }
      #expect(messages == [[1], Self.dull, [0], Self.dull])
    }
  }

  @Test func `messages that come all at once at the end of a stream are bounded decompressed`()
    throws
  {
    var configuration = ClientConfiguration()
    configuration.connection.messageMaxBytes = 1_000
    configuration.connection.requestBufferMaxBytes = 2_000
    let client = try EmbeddedClient(configuration)
    let call = try #require(client.connection.streaming(client.method, timeout: nil))
    client.connection.flush()
    let message = try #require(packed([UInt8](repeating: 0, count: 900), .gzip))
    let many = (0..<100).flatMap { _ in framedCompressed(message) }
    try client.feed(
      Frame.headers(
        stream: 1, [":status": "200", "content-type": "application/grpc", "grpc-encoding": "gzip"])
        + Frame.data(stream: 1, many)
        + Frame.headers(stream: 1, EmbeddedClient.okTrailers, endStream: true))
    #expect(client.connection.bufferedBytes == 0)
    #expect(client.connection.openCalls == 0)
    withExtendedLifetime(call) {}
  }

  @Test func `what a server says about retries is part of the status`() throws {
    for (value, expected) in [
      ("1500", .after(.milliseconds(1500))), ("0", .after(.nanoseconds(0))), ("-1", .never),
      ("soon", .never), ("", .never), ("99999999999", .never),
    ] as [(String, RetryPushback)] {
      let answer = try EmbeddedClient.answer(
        to: Frame.headers(
          stream: 1,
          [
            ":status": "200", "content-type": "application/grpc", "grpc-status": "14",
            "grpc-retry-pushback-ms": value,
          ], endStream: true))
      #expect(answer?.status == Status(.unavailable, retryPushback: expected), "\(value)")
    }
  }

  @Test func `a pushback is written in whole milliseconds, rounded up`() {
    for (pushback, text) in [
      (.never, "-1"), (.after(.nanoseconds(0)), "0"), (.after(.nanoseconds(-5)), "0"),
      (.after(.nanoseconds(1)), "1"), (.after(.milliseconds(20)), "20"),
      (.after(.nanoseconds(.max)), "2147483647"),
    ] as [(RetryPushback, String)] {
      #expect(pushback.text == text)
    }
  }
}
