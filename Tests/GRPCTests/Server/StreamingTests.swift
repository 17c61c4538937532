import HTTP2
import NIOCore
import TestSupport
import Testing

@testable import GRPC

/// Streaming calls on a real socket: their handlers are tasks, beside the event loop.
@Suite struct StreamingTests {
  @Test func `messages go both ways while the call is open`() async throws {
    try await withStreaming(.echo) { server in
      let client = try await server.connect()
      let id = try await client.call("/t.S/M", isOpen: true)
      for count in 1...5 {
        try await client.send(id, framed(pattern(count)))
        try await eventually("message \(count) comes back") {
          try await client.exchange(id).messages.count == count
        }
      }
      try await client.send(id, isEnd: true)
      let answer = try await client.answer(id)
      #expect(answer.head == plainHead)
      #expect(answer.messages == (1...5).map { pattern($0) })
      #expect(answer.trailers == ["grpc-status": "0"])
      #expect(answer.closeCode == .noError)
    }
  }

  @Test func `messages are cut anywhere, and may be empty`() async throws {
    try await withStreaming(.echo) { server in
      let client = try await server.connect()
      let messages = [[], [1], [], pattern(300), []]
      let id = try await client.call("/t.S/M", isOpen: true)
      for byte in messages.flatMap(framed) { try await client.send(id, [byte]) }
      try await client.send(id, isEnd: true)
      #expect(try await client.answer(id).messages == messages)
    }
  }

  @Test func `the handler sees its method, metadata and deadline`() async throws {
    let service = Streaming { call in
      #expect(call.method == 0)
      #expect(call.metadata.text("x-key") == "value")
      #expect(call.metadata["x-bin"] == [[0x66]])
      #expect(call.deadline != nil)
    }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      let extra = [("x-key", "value"), ("x-bin", "Zg=="), ("grpc-timeout", "20S")]
      #expect(try await client.answer("/t.S/M", extra, body: []).status == 0)
    }
  }

  // MARK: - Ends

  @Test func `a handler that throws before its first message answers in trailers only`()
    async throws
  {
    let service = Streaming { _ in throw Status(.notFound, "no such arc") }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      let answer = try await client.answer("/t.S/M", body: [])
      #expect(answer.status == 5 && answer.message == "no such arc")
      #expect(answer.trailers.isEmpty && answer.body.isEmpty)
    }
  }

  @Test func `a handler that throws after a message answers in trailers after it`() async throws {
    let service = Streaming { call in
      try await call.send(ByteBuffer(bytes: [1]))
      throw Status(.aborted, "ring changed")
    }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      // The client has not ended its side: the reset after the trailers must not hide them.
      let answer = try await client.answer(try await client.call("/t.S/M", isOpen: true))
      #expect(answer.messages == [[1]])
      #expect(answer.trailers["grpc-status"] == "10")
      #expect(answer.trailers["grpc-message"] == "ring changed")
      #expect(answer.closeCode == .noError)
    }
  }

  @Test func `a handler that throws another error answers UNKNOWN`() async throws {
    struct Surprise: Error {}
    try await withStreaming(Streaming { _ in throw Surprise() }) { server in
      let client = try await server.connect()
      #expect(try await client.answer("/t.S/M", body: []).status == 2)
    }
  }

  @Test func `a handler that returns before the client ends its side ends the call`() async throws {
    let service = Streaming { call in
      for try await message in call.messages {
        try await call.send(message)
        return
      }
    }
    try await withStreaming(service) { server in
      let client = try await server.connect()
      let answer = try await client.answer(
        try await client.call("/t.S/M", body: framed([1]) + framed([2]), isOpen: true))
      #expect(answer.messages == [[1]] && answer.status == 0 && answer.closeCode == .noError)
    }
  }

  @Test func `a cut last message, a message too large and a bad flag end the call`() async throws {
    var configuration = Server.Configuration()
    configuration.connection.messageMaxBytes = 100
    try await withStreaming(.echo, configuration) { server in
      let client = try await server.connect()
      for (bad, status) in [
        ([0, 0, 0, 0, 4, 1], 13), ([0, 0, 0, 0, 101], 8), ([1, 0, 0, 0, 0], 13),
        ([2, 0, 0, 0, 0], 13),
      ] as [([UInt8], Int)] {
        let answer = try await client.answer("/t.S/M", body: framed([1]) + bad)
        #expect(answer.status == status, "\(bad)")
      }
      #expect(try await client.answer("/t.S/M", body: framed(pattern(100))).status == 0)
    }
  }

  // MARK: - Cancellation

  /// A service that runs until it is cancelled, and then sets `flag`.
  private func untilCancelled(_ started: Flag, _ cancelled: Flag) -> Streaming {
    Streaming { call in
      started.set()
      do {
        try await Task.sleep(for: .seconds(600))
      } catch {
        cancelled.set()
        throw error
      }
    }
  }

  @Test func `a client that goes away cancels the handler's task`() async throws {
    let (started, cancelled) = (Flag(), Flag())
    try await withStreaming(self.untilCancelled(started, cancelled)) { server in
      let client = try await server.connect()
      _ = try await client.call("/t.S/M", isOpen: true)
      try await eventually("the handler runs") { started.isSet }
      try await client.close()
      try await eventually("the handler is cancelled") { cancelled.isSet }
    }
  }

  @Test func `a client that resets the stream cancels the handler's task`() async throws {
    let (started, cancelled) = (Flag(), Flag())
    try await withStreaming(self.untilCancelled(started, cancelled)) { server in
      let client = try await server.connect()
      let id = try await client.call("/t.S/M", isOpen: true)
      try await eventually("the handler runs") { started.isSet }
      try await client.cancel(id)
      try await eventually("the handler is cancelled") { cancelled.isSet }
      // The connection serves on.
      #expect(try await client.answer("/t.S/Echo", body: framed([1])).messages == [[1]])
    }
  }

  @Test func `a deadline that passes ends the call with a status and cancels the task`()
    async throws
  {
    let (started, cancelled) = (Flag(), Flag())
    try await withStreaming(self.untilCancelled(started, cancelled)) { server in
      let client = try await server.connect()
      let id = try await client.call("/t.S/M", [("grpc-timeout", "50m")], isOpen: true)
      #expect(try await client.answer(id).status == 4)
      try await eventually("the handler is cancelled") { cancelled.isSet }
    }
  }

  @Test func `a reader and a writer that wait learn that the client has gone`() async throws {
    let (readerTold, writerTold) = (Flag(), Flag())
    let service = Streaming { call in
      await withTaskGroup { group in
        group.addTask {
          do {
            for try await _ in call.messages {}
          } catch {
            readerTold.set()
          }
        }
        group.addTask {
          do {
            while true { try await call.send(ByteBuffer(bytes: pattern(50_000))) }
          } catch {
            writerTold.set()
          }
        }
      }
    }
    try await withStreaming(service) { server in
      let client = try await server.connect { $0.streamWindowBytes = 65_535 }
      try await client.setCredits(false)
      let id = try await client.call("/t.S/M", isOpen: true)
      try await eventually("a window") { try await client.exchange(id).body.count == 65_535 }
      try await client.close()
      try await eventually("both are told") { readerTold.isSet && writerTold.isSet }
    }
  }
}
