import HTTP2
import NIOCore
import Testing

@testable import GRPC

/// Streaming calls of a channel, against our own server.
@Suite struct ClientStreamingTests {
  /// Serves `service` at `/t.S/M` while `body` runs with a channel.
  private func with(
    _ service: Streaming, client: ClientConfiguration = .init(),
    _ body: (ClientChannel) async throws -> Void
  ) async throws {
    try await withChannel(
      [.streaming(paths: ["/t.S/M"], service)], client: client
    ) { channel, _ in try await body(channel) }
  }

  @Test func `messages go both ways in turn, and the call ends with OK`() async throws {
    try await self.with(.echo) { channel in
      let call = try await channel.streaming("/t.S/M")
      var messages = call.messages.makeAsyncIterator()
      for count in [0, 1, 300, 100_000] {
        try await call.send(ByteBuffer(bytes: pattern(count)))
        let message = try await messages.next()
        #expect(message == ByteBuffer(bytes: pattern(count)))
      }
      await call.finishSending()
      let end = try await messages.next()
      #expect(end == nil)
      let late = await failure { try await call.send(ByteBuffer()) }
      #expect(late != nil)
    }
  }

  @Test func `all messages of a server that is ahead of its reader arrive`() async throws {
    let service = Streaming { call in
      for count in 0..<500 { try await call.send(ByteBuffer(bytes: pattern(count))) }
    }
    try await self.with(service) { channel in
      var sizes: [Int] = []
      for try await message in try await channel.streaming("/t.S/M").messages {
        sizes.append(message.readableBytes)
      }
      #expect(sizes == Array(0..<500))
    }
  }

  @Test func `3 MiB go both ways, each side pushing back`() async throws {
    try await self.with(.echo) { channel in
      let call = try await channel.streaming("/t.S/M")
      async let sent: Void = {
        for _ in 0..<48 { try await call.send(ByteBuffer(bytes: pattern(64 << 10))) }
        await call.finishSending()
      }()
      var bytes = 0
      for try await message in call.messages { bytes += message.readableBytes }
      try await sent
      #expect(bytes == 3 << 20)
    }
  }

  @Test func `a status after messages is thrown after them`() async throws {
    let service = Streaming { call in
      try await call.send(ByteBuffer(bytes: [1]))
      throw Status(.aborted, "ring changed")
    }
    try await self.with(service) { channel in
      let call = try await channel.streaming("/t.S/M")
      var messages = call.messages.makeAsyncIterator()
      let first = try await messages.next()
      #expect(first == ByteBuffer(bytes: [1]))
      let status = await failure { try await messages.next() }
      #expect(status == Status(.aborted, "ring changed"))
    }
  }

  @Test func `a message after the last is refused`() async throws {
    let gate = Gate()
    try await self.with(Streaming { _ in await gate.wait() }) { channel in
      let call = try await channel.streaming("/t.S/M")
      await call.finishSending()
      let status = await failure { try await call.send(ByteBuffer(bytes: [1])) }
      #expect(status?.code == .internal)
      gate.open()
    }
  }

  // MARK: - Ends

  /// A service that runs until it is cancelled, and then sets `cancelled`.
  private func untilCancelled(_ started: Flag, _ cancelled: Flag) -> Streaming {
    Streaming { call in
      try await call.send(ByteBuffer(bytes: [1]))
      started.set()
      do {
        try await Task.sleep(for: .seconds(600))
      } catch {
        cancelled.set()
        throw error
      }
    }
  }

  @Test func `cancelling the call, its reader, or letting go of it ends it on the server`()
    async throws
  {
    for way in ["cancel", "task", "break", "release"] {
      let (started, cancelled) = (Flag(), Flag())
      try await self.with(self.untilCancelled(started, cancelled)) { channel in
        let call = try await channel.streaming("/t.S/M")
        try await eventually("the handler runs") { started.isSet }
        switch way {
        case "cancel":
          call.cancel()
          let status = await failure { for try await _ in call.messages {} }
          #expect(status?.code == .cancelled)
        case "task":
          let reader = Task { await failure { for try await _ in call.messages {} } }
          try await Task.sleep(for: .milliseconds(20))
          reader.cancel()
          _ = await reader.value
        case "break":
          for try await _ in call.messages { break }
        default: break
        }
        _ = consume call
        try await eventually("the handler is cancelled: \(way)") { cancelled.isSet }
      }
    }
  }

  @Test func `a deadline that passes ends a streaming call`() async throws {
    let (started, cancelled) = (Flag(), Flag())
    try await self.with(self.untilCancelled(started, cancelled)) { channel in
      let call = try await channel.streaming("/t.S/M", timeout: .milliseconds(200))
      let status = await failure { for try await _ in call.messages {} }
      #expect(status?.code == .deadlineExceeded)
      // On a busy machine the deadline passes before the handler has begun.
      try await eventually("the handler is over") { cancelled.isSet || !started.isSet }
    }
  }
}
