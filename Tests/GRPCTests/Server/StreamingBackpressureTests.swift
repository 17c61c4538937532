import HTTP2
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import GRPC

/// Who does not read holds back who sends, and what waits meanwhile is bounded.
@Suite struct StreamingBackpressureTests {
  @Test func `a handler that does not read holds the client back, and gets all when it does`()
    async throws
  {
    let gate = Gate()
    let service = Streaming { call in
      await gate.wait()
      var count = 0
      for try await message in call.messages {
        #expect(message.readableBytes == 8_000)
        count += 1
      }
      try await call.send(ByteBuffer(integer: UInt32(count)))
    }
    var configuration = Server.Configuration()
    configuration.connection.session.streamWindowBytes = 65_536
    try await withStreaming(service, configuration) { server in
      let client = try await server.connect()
      let messages = 500
      let body = (0..<messages).flatMap { _ in framed(pattern(8_000)) }
      let id = try await client.call("/t.S/M", body: body)
      // A machine that is busy may take its time to let anything out.
      try await eventually("the reader is waited for") {
        try await client.unsent(id) < body.count - 8_005
      }
      let unsent = try await settled { try await client.unsent(id) }
      let sent = body.count - unsent
      // The message that waits for the reader, and a window beyond it.
      let boundBytes = 8_005 + 2 * 65_536
      #expect(sent > 8_005 && sent <= boundBytes, "\(sent) bytes were let out")
      // Only this call is held back.
      #expect(try await client.answer("/t.S/Echo", body: framed([1])).messages == [[1]])
      gate.open()
      let answer = try await client.answer(id)
      #expect(answer.messages == [[0, 0, 0x01, 0xf4]] && answer.status == 0)
    }
  }

  @Test func `a message that waits for its reader counts against the request buffer`() async throws
  {
    let gate = Gate()
    let service = Streaming { call in
      await gate.wait()
      for try await _ in call.messages {}
    }
    var configuration = Server.Configuration()
    configuration.connection.requestBufferMaxBytes = 100_000
    try await withStreaming(service, configuration) { server in
      let client = try await server.connect()
      let body = framed(pattern(60_000))
      let first = try await client.call("/t.S/M", body: body, isOpen: true)
      #expect(try await client.answer("/t.S/Echo", body: framed([])).status == 0)
      let second = try await client.call("/t.S/M", body: body, isOpen: true)
      #expect(try await client.answer(second).status == 8)
      #expect(try await client.exchange(first).closeCode == nil)
      gate.open()
    }
  }

  @Test func `cut messages of streams count against the request buffer, up to its limit`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.connection.requestBufferMaxBytes = 100_000
    try await withStreaming(.echo, configuration) { server in
      let client = try await server.connect()
      let message = framed(pattern(80_000))
      let first = try await client.call("/t.S/M", body: Array(message[..<60_000]), isOpen: true)
      let second = try await client.call("/t.S/M", body: Array(message[..<40_000]), isOpen: true)
      // Frames are served in order: the answer to a later call proves that those have come.
      #expect(try await client.answer("/t.S/Echo", body: framed([])).status == 0)
      #expect(try await client.exchange(second).closeCode == nil)
      try await client.send(second, [message[40_000]])
      let refused = try await client.answer(second)
      #expect(refused.status == 8)
      #expect(refused.message?.contains("100000 bytes") == true)
      try await client.send(first, Array(message[60_000...]), isEnd: true)
      #expect(try await client.answer(first).messages == [pattern(80_000)])
      // What has been delivered no longer counts.
      for _ in 0..<3 {
        let answer = try await client.answer("/t.S/M", body: framed(pattern(80_000)))
        #expect(answer.messages == [pattern(80_000)])
      }
    }
  }

  @Test func `a client that does not read suspends the writer, which goes on when it does`()
    async throws
  {
    let sent = Atomic<Int>(0)
    let messages = 500
    let service = Streaming { call in
      for _ in 0..<messages {
        try await call.send(ByteBuffer(bytes: pattern(8_000)))
        sent.add(1, ordering: .relaxed)
      }
    }
    try await withStreaming(service) { server in
      let client = try await server.connect { $0.streamWindowBytes = 100_000 }
      try await client.setCredits(false)
      let id = try await client.call("/t.S/M", body: [])
      // A machine that is busy may take its time to start the handler.
      try await eventually("the window is used up") {
        try await client.exchange(id).body.count == 100_000
      }
      let returned = try await settled { sent.load(ordering: .relaxed) }
      // The window, what may wait beyond it, and the message that went over.
      let boundBytes = 100_000 + MessagePipe.outboxMaxBytes + 8_005
      #expect(returned > 0 && returned * 8_005 <= boundBytes, "\(returned) messages")
      try await client.setCredits(true)
      let answer = try await client.answer(id)
      #expect(answer.messages.count == messages && answer.status == 0)
      #expect(answer.messages.allSatisfy { $0 == pattern(8_000) })
    }
  }

  @Test func `window that an expired call held goes back to calls that wait for it`() async throws {
    // The unread call holds the whole connection's window until its deadline. Nothing more comes
    // from the client meanwhile, so that the server has to send the credit of its own accord.
    let service = Streaming { _ in try await Task.sleep(for: .seconds(600)) }
    var configuration = Server.Configuration()
    configuration.connection.session.streamWindowBytes = 65_535
    configuration.connection.session.connectionWindowBytes = 65_535
    try await withStreaming(service, configuration) { server in
      let client = try await server.connect()
      // The server's windows are known once it has answered.
      _ = try await client.answer("/t.S/Echo", body: framed([]))
      let many = (0..<100).flatMap { _ in framed(pattern(4_000)) }
      let unread = try await client.call(
        "/t.S/M", [("grpc-timeout", "200m")], body: many, isOpen: true)
      let waiting = try await client.call("/t.S/Echo", body: framed(pattern(60_000)))
      #expect(try await client.answer(unread).status == 4)
      #expect(try await client.answer(waiting).messages == [pattern(60_000)])
    }
  }
}
