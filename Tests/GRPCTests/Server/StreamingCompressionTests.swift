import HTTP2
import NIOCore
import TestSupport
import Testing

@testable import GRPC

/// Compressed messages of streaming calls, and the calls that take one message only.
@Suite struct StreamingCompressionTests {
  private static let dull = [UInt8](repeating: 7, count: 5_000)

  @Test func `compressed and plain messages of one call are told apart, and both read`()
    async throws
  {
    let service = Streaming { call in
      for try await message in call.receivedMessages {
        let flag: [UInt8] = [message.wasCompressed ? 1 : 0]
        try await call.send(ByteBuffer(bytes: flag + message.bytes.readableBytesView))
      }
    }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      let body =
        framedCompressed(Sample.gzip) + framed([5]) + framedCompressed(Sample.emptyGzip)
        + framed([])
      let answer = try await client.answer("/t.S/M", [("grpc-encoding", "gzip")], body: body)
      #expect(answer.messages == [[1] + Sample.plain, [0, 5], [1], [0]])
      #expect(answer.status == 0)
    }
  }

  @Test func `a broken or too large message ends the call`() async throws {
    var configuration = Server.Configuration()
    configuration.connection.messageMaxBytes = Sample.plain.count
    let bomb = try #require(packed([UInt8](repeating: 0, count: 2_000), .gzip))
    try await withStreaming(.echo, configuration) { server in
      let client = try await server.connect()
      for (message, status) in [(Sample.zlib, 13), (Sample.gzip + [0], 13), (bomb, 8)] {
        let answer = try await client.answer(
          "/t.S/M", [("grpc-encoding", "gzip")], body: framedCompressed(message))
        #expect(answer.status == status)
      }
      let plain = try await client.answer("/t.S/M", body: framedCompressed(Sample.gzip))
      #expect(plain.status == 13)
    }
  }

  @Test func `messages that wait decompressed for their reader count against request-buffer-max`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.connection.messageMaxBytes = 1_000
    configuration.connection.requestBufferMaxBytes = 1_000
    let stream = try #require(packed([UInt8](repeating: 0, count: 900), .gzip))
    let gate = Gate()
    let service = Streaming { call in
      await gate.wait()
      for try await _ in call.messages {}
    }
    try await withStreaming(service, configuration) { server in
      let client = try await server.connect()
      // The first waits decompressed; the second call finds no room for another.
      let extra = [("grpc-encoding", "gzip")]
      let first = try await client.call(
        "/t.S/M", extra, body: framedCompressed(stream), isOpen: true)
      let second = try await client.call(
        "/t.S/M", extra, body: framedCompressed(stream), isOpen: true)
      #expect(try await client.answer(second).status == 8)
      gate.open()
      try await client.send(first, isEnd: true)
      #expect(try await client.answer(first).status == 0)
    }
  }

  @Test func `messages are compressed with the call's encoding unless the handler says otherwise`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.compression = MessageCompression(.gzip)
    let service = Streaming { call in
      try await call.send(ByteBuffer(bytes: Self.dull))
      try await call.send(ByteBuffer(bytes: Self.dull), mayCompress: false)
      try await call.send(ByteBuffer(bytes: [1]))
      // Too late: the first message announced the encoding.
      call.setCompression(.deflate)
      try await call.send(ByteBuffer(bytes: Self.dull))
    }
    try await withStreaming(service, configuration) { server in
      let client = try await server.connect()
      let answer = try await client.answer(
        "/t.S/M", [("grpc-accept-encoding", "gzip,deflate")], body: [])
      #expect(answer.head["grpc-encoding"] == "gzip")
      let messages = answer.messages
      try #require(messages.count == 4)
      #expect(try unpacked(messages[0], .gzip) == Self.dull)
      #expect(messages[1] == Self.dull && messages[2] == [1])
      #expect(try unpacked(messages[3], .gzip) == Self.dull)
      let plain = try await client.answer("/t.S/M", body: [])
      #expect(plain.head["grpc-encoding"] == nil && plain.messages.allSatisfy { $0.count != 24 })
      #expect(plain.messages == [Self.dull, Self.dull, [1], Self.dull])
    }
  }

  @Test func `a handler may ask for compression that the server is not configured for`()
    async throws
  {
    let service = Streaming { call in
      call.setCompression(.deflate)
      try await call.send(ByteBuffer(bytes: Self.dull))
    }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      let answer = try await client.answer(
        "/t.S/M", [("grpc-accept-encoding", "deflate")], body: [])
      #expect(try answer.messages.map { try unpacked($0, .deflate) } == [Self.dull])
      let other = try await client.answer("/t.S/M", [("grpc-accept-encoding", "gzip")], body: [])
      #expect(other.messages == [Self.dull])
    }
  }

  @Test func `a method of one message refuses none and two with UNIMPLEMENTED`() async throws {
    let service = Streaming { call in try await call.send(try await call.onlyMessage()) }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      #expect(try await client.answer("/t.S/M", body: framed([7])).messages == [[7]])
      #expect(try await client.answer("/t.S/M", body: []).status == 12)
      #expect(try await client.answer("/t.S/M", body: framed([7]) + framed([8])).status == 12)
      // With the second message, whether or not the client goes on.
      let open = try await client.call("/t.S/M", body: framed([7]) + framed([8]), isOpen: true)
      #expect(try await client.answer(open).status == 12)
    }
  }
}
