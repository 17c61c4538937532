import HTTP2
import NIOCore
import NIOPosix
import Testing

@testable import GRPC

/// Channels against our own server, on loopback sockets.
@Suite struct ClientChannelTests {
  @Test func `a unary call goes there and back`() async throws {
    try await withChannel([.unary(paths: ["/t.S/M"], Unary.echo)]) { channel, _ in
      let response = try await channel.unary("/t.S/M", [1, 2, 3])
      #expect(Array(response.message.readableBytesView) == [1, 2, 3])
      #expect(response.metadata.isEmpty && response.trailers.isEmpty)
      #expect(try await channel.answer([]) == [])
    }
  }

  @Test func `the server's status comes whole, and the channel serves on`() async throws {
    let thrown = Status(
      .failedPrecondition, "wrong owner: 100 %, nöde 3",
      info: ErrorInfo(reason: "WRONG_OWNER", metadata: ["owner": "n3"]))
    let failing = Unary { $0.fail(thrown) }
    try await withChannel([
      .unary(paths: ["/t.S/Fail"], failing), .unary(paths: ["/t.S/M"], Unary.echo),
    ]) { channel, _ in
      let failed = await failure { try await channel.unary("/t.S/Fail", []) }
      #expect(failed == thrown)
      let unknown = await failure { try await channel.unary("/t.S/None", []) }
      #expect(unknown?.code == .unimplemented)
      let answer = try await channel.answer([1])
      #expect(answer == [1])
    }
  }

  @Test func `metadata and a rounded timeout reach the server`() async throws {
    let service = Unary { call in
      #expect(call.metadata.copy().text("x-key") == "value")
      #expect(call.metadata.copy()["x-bin"] == [[0xff, 0x00]])
      #expect(call.deadline.map { $0 - call.now > .seconds(1_900) } == true)
      call.reply([1])
    }
    try await withChannel([.unary(paths: ["/t.S/M"], service)]) { channel, _ in
      var metadata = Metadata()
      metadata.add("x-key", "value")
      metadata.add("x-bin", bytes: [0xff, 0x00])
      _ = try await channel.unary("/t.S/M", [], metadata: metadata, timeout: .seconds(2_000))
    }
  }

  @Test func `metadata that no header list can hold fails its call, and no other`() async throws {
    var limits = Server.Configuration()
    limits.connection.session.headerListMaxBytes = 64 << 10
    let services: [ServiceRegistration] = [
      .unary(paths: ["/t.S/M"], Unary.echo), .streaming(paths: ["/t.S/N"], Streaming.echo),
    ]
    try await withChannel(services, limits) { channel, _ in
      var metadata = Metadata()
      metadata.add("x", String(repeating: "v", count: ClientConnection.metadataMaxBytes - 33))
      let largest = try await channel.unary("/t.S/M", [7], metadata: metadata)
      #expect(largest.message.readableBytes == 1)
      metadata.add("y", "")
      let (over, stream) = (
        await failure { [metadata] in try await channel.unary("/t.S/M", [], metadata: metadata) },
        await failure { [metadata] in try await channel.streaming("/t.S/N", metadata: metadata) }
      )
      #expect(over?.code == .resourceExhausted && stream?.code == .resourceExhausted)
      #expect(over?.message.contains("32768") == true)
      let after = try await channel.answer([1])
      #expect(after == [1])
    }
  }

  @Test func `a thousand calls at once on one connection are all answered`() async throws {
    try await withChannel([.unary(paths: ["/t.S/M"], Unary.echo)]) { channel, server in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for index in 0..<1_000 {
          group.addTask {
            let message = pattern(index)
            return Array(try await channel.unary("/t.S/M", message).message.readableBytesView)
              == message
          }
        }
        for try await isSame in group { #expect(isSame) }
      }
      #expect(server.server.connections == 1)
    }
  }

  @Test func `more calls than the server takes at once wait their turn`() async throws {
    var configuration = Server.Configuration()
    configuration.connection.session.streamsMax = 3
    try await withChannel([.unary(paths: ["/t.S/M"], Unary.echo)], configuration) { channel, _ in
      try await withThrowingTaskGroup(of: ClientResponse.self) { group in
        for _ in 0..<50 { group.addTask { try await channel.unary("/t.S/M", pattern(1000)) } }
        for try await response in group { #expect(response.message.readableBytes == 1000) }
      }
    }
  }

  @Test func `messages of 3 MiB go both ways`() async throws {
    try await withChannel([.unary(paths: ["/t.S/M"], Unary.echo)]) { channel, _ in
      let message = pattern(3 << 20)
      for _ in 0..<3 {
        let response = try await channel.unary("/t.S/M", message)
        #expect(response.message == ByteBuffer(bytes: message))
      }
    }
  }

  @Test func `a response at the limit is taken, and one byte more is not`() async throws {
    var configuration = ClientConfiguration()
    configuration.connection.messageMaxBytes = 1000
    try await withChannel(
      [.unary(paths: ["/t.S/M"], Unary.echo)], client: configuration
    ) { channel, _ in
      let longest = try await channel.answer(pattern(1000))
      #expect(longest == pattern(1000))
      let status = await failure { try await channel.unary("/t.S/M", pattern(1001)) }
      #expect(status?.code == .resourceExhausted)
      #expect(status?.message == "received message larger than max (1001 vs. 1000)")
      let answer = try await channel.answer([1])
      #expect(answer == [1])
    }
  }

  // MARK: - Deadlines and cancellation

  @Test func `a deadline that passes ends the call, and the server hears of it`() async throws {
    let lot = ParkingLot()
    try await withChannel([.unary(paths: ["/t.S/M"], lot)]) { channel, server in
      let status = await failure {
        try await channel.unary("/t.S/M", [], timeout: .milliseconds(50))
      }
      #expect(status?.code == .deadlineExceeded)
      try await eventually("the parked call is over") {
        try await server.eventLoop.submit { lot.parked.allSatisfy { !$0.isWaiting } }.get()
      }
    }
  }

  @Test func `a timeout of nothing fails without a call`() async throws {
    try await withChannel([.unary(paths: ["/t.S/M"], Unary.echo)]) { channel, _ in
      let status = await failure { try await channel.unary("/t.S/M", [], timeout: .seconds(0)) }
      #expect(status?.code == .deadlineExceeded)
    }
  }

  @Test func `cancelling the task cancels the call on the server`() async throws {
    let lot = ParkingLot()
    try await withChannel([.unary(paths: ["/t.S/M"], lot)]) { channel, server in
      let task = Task { await failure { try await channel.unary("/t.S/M", []) } }
      try await eventually("the call is parked") {
        try await server.eventLoop.submit { lot.parked.count == 1 }.get()
      }
      task.cancel()
      #expect(await task.value?.code == .cancelled)
      try await eventually("the server gave it up") {
        try await server.eventLoop.submit { lot.parked.allSatisfy { !$0.isWaiting } }.get()
      }
    }
  }

  @Test func `a task that is cancelled already makes no call`() async throws {
    try await withChannel([.unary(paths: ["/t.S/M"], Unary.echo)]) { channel, _ in
      let gate = Gate()
      let task = Task {
        await gate.wait()
        return await failure { try await channel.unary("/t.S/M", []) }
      }
      task.cancel()
      gate.open()
      #expect(await task.value?.code == .cancelled)
    }
  }
}
