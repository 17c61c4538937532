import HTTP2
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import GRPC

/// Unary calls on a real socket, where time passes and readers are slow.
@Suite struct ServerTests {
  @Test func `a call is answered over a socket, and more on the same connection`() async throws {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      let client = try await server.connect()
      for count in [0, 1, 100_000, 3_000_000] {
        let answer = try await client.answer("/t.S/M", body: framed(pattern(count)))
        #expect(answer.messages == [pattern(count)] && answer.status == 0)
      }
      #expect(server.server.connections == 1)
    }
  }

  @Test func `many connections are served at once`() async throws {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      try await withThrowingTaskGroup { group in
        for index in UInt8(0)..<20 {
          group.addTask {
            let client = try await server.connect()
            let answer = try await client.answer("/t.S/M", body: framed([index]))
            #expect(answer.messages == [[index]])
          }
        }
        try await group.waitForAll()
      }
      #expect(server.server.connections == 20)
    }
  }

  // MARK: - Deadlines

  @Test func `a parked call whose deadline passes ends with a status, and its answer is ignored`()
    async throws
  {
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let client = try await server.connect()
      let id = try await client.call("/t.S/M", [("grpc-timeout", "50m")], body: framed([1]))
      let answer = try await client.answer(id)
      #expect(answer.status == 4)
      try await server.eventLoop.submit {
        #expect(lot.parked.count == 1 && !lot.parked[0].isWaiting)
        lot.answer([9])
      }.get()
    }
  }

  @Test func `each of several deadlines passes, in whatever order they came`() async throws {
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let client = try await server.connect()
      func call(_ timeout: String?) async throws -> Int32 {
        let extra = timeout.map { [("grpc-timeout", $0)] } ?? []
        return try await client.call("/t.S/M", extra, body: framed([]))
      }
      let far = try await call("600S")
      let second = try await call("100m")
      let first = try await call("50m")
      let never = try await call(nil)
      for id in [first, second] {
        #expect(try await client.answer(id).status == 4)
      }
      for id in [far, never] {
        #expect(try await client.exchange(id).closeCode == nil)
      }
    }
  }

  @Test func `a half-sent request whose deadline passes ends with a status`() async throws {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      let client = try await server.connect()
      let id = try await client.call(
        "/t.S/M", [("grpc-timeout", "50m")], body: [0, 0, 0, 0, 9, 1], isOpen: true)
      #expect(try await client.answer(id).status == 4)
    }
  }

  @Test func `a request of which only the head came ends with a status when its deadline passes`()
    async throws
  {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      let client = try await server.connect()
      let id = try await client.call("/t.S/M", [("grpc-timeout", "50m")], isOpen: true)
      #expect(try await client.answer(id).status == 4)
    }
  }

  @Test func `a call whose deadline has passed when it comes is not served`() async throws {
    let service = Unary { _ in Issue.record("a handler was called") }
    try await withServer([.unary(paths: ["/t.S/M"], service)]) { server in
      let client = try await server.connect()
      let answer = try await client.answer("/t.S/M", [("grpc-timeout", "0n")], body: framed([]))
      #expect(answer.status == StatusCode.deadlineExceeded.rawValue)
    }
  }

  // MARK: - Large answers

  @Test func `a large value reaches a slow reader whole, and is let go when it has`() async throws {
    let bytes = pattern(4 << 20)
    let alive = Mutex<WeakValue>(WeakValue())
    let service = Unary { call in
      let value = Value(bytes)
      alive.withLock { $0.value = value }
      call.reply(
        headSize: 1, { $0.append(7) }, value: UnsafeRawBufferPointer(value.buffer), owner: value,
        tailSize: 1, { $0.append(8) })
    }
    try await withServer([.unary(paths: ["/t.S/M"], service)]) { server in
      let client = try await server.connect { $0.streamWindowBytes = 100_000 }
      try await client.setCredits(false)
      let id = try await client.call("/t.S/M", body: framed([]))
      // One window comes, and nothing more while the client does not read.
      try await eventually("a window") { try await client.exchange(id).body.count >= 100_000 }
      #expect(try await settled { try await client.exchange(id).body.count } == 100_000)
      #expect(alive.withLock { $0.value != nil })
      try await client.setCredits(true)
      let answer = try await client.answer(id)
      #expect(answer.body == framed([7] + bytes + [8]))
      #expect(answer.status == 0)
      try await eventually("the value is let go") { alive.withLock { $0.value == nil } }
    }
  }

  @Test func `answers to a client whose socket takes no more wait, and arrive when it does`()
    async throws
  {
    // Windows wide open, so that nothing but the socket holds the server back.
    let bytes = pattern(4 << 20)
    let service = Unary { call in
      let value = Value(bytes)
      call.reply(
        headSize: 0, { _ in }, value: UnsafeRawBufferPointer(value.buffer), owner: value,
        tailSize: 0, { _ in })
    }
    try await withServer([.unary(paths: ["/t.S/M"], service)]) { server in
      let client = try await server.connect {
        $0.streamWindowBytes = 64 << 20
        $0.connectionWindowBytes = 64 << 20
      }
      try await client.channel.setOption(.autoRead, value: false).get()
      var ids: [Int32] = []
      for _ in 0..<8 { ids.append(try await client.call("/t.S/M", body: framed([]))) }
      // The one event loop still serves others.
      let other = try await server.connect()
      #expect(try await other.answer("/t.S/Nope", body: framed([])).status == 12)
      try await client.channel.setOption(.autoRead, value: true).get()
      for id in ids {
        let answer = try await client.answer(id)
        #expect(answer.body == framed(bytes) && answer.status == 0)
      }
    }
  }

  @Test func `a value whose client goes away is let go`() async throws {
    let alive = Mutex<WeakValue>(WeakValue())
    let service = Unary { call in
      let value = Value(pattern(1 << 20))
      alive.withLock { $0.value = value }
      call.reply(
        headSize: 0, { _ in }, value: UnsafeRawBufferPointer(value.buffer), owner: value,
        tailSize: 0, { _ in })
    }
    try await withServer([.unary(paths: ["/t.S/M"], service)]) { server in
      let client = try await server.connect { $0.streamWindowBytes = 70_000 }
      try await client.setCredits(false)
      let id = try await client.call("/t.S/M", body: framed([]))
      try await eventually("a window") { try await client.exchange(id).body.count == 70_000 }
      try await client.close()
      try await eventually("the value is let go") { alive.withLock { $0.value == nil } }
    }
  }

  // MARK: - Limits

  @Test func `a connection over the limit is closed, and one may come when another has gone`()
    async throws
  {
    var configuration = Server.Configuration()
    configuration.connectionsMax = 2
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)], configuration) { server in
      let first = try await server.connect()
      let second = try await server.connect()
      for client in [first, second] {
        #expect(try await client.answer("/t.S/M", body: framed([1])).messages == [[1]])
      }
      let third = try await server.connect()
      try await eventually("the third connection is closed") { third.isClosed }
      #expect(server.server.connections == 2)
      try await first.close()
      try await eventually("the first connection is gone") { server.server.connections == 1 }
      let fourth = try await server.connect()
      #expect(try await fourth.answer("/t.S/M", body: framed([1])).messages == [[1]])
    }
  }

  // MARK: - Shutdown

  @Test func `a shutdown serves what is under way, closes, and returns 0`() async throws {
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let client = try await server.connect()
      let idle = try await server.connect()
      let id = try await client.call("/t.S/M", body: framed([1]))
      try await eventually("the call is parked") {
        try await server.eventLoop.submit { lot.parked.count == 1 }.get()
      }
      async let abandoned = server.server.shutdown(timeout: .seconds(60))
      try await eventually("GOAWAY") { try await client.on { $0.session.goAway != nil } }
      try await eventually("the idle connection is closed") { idle.isClosed }
      #expect(!client.isClosed)
      try await server.eventLoop.submit { lot.answer([7]) }.get()
      let answer = try await client.answer(id)
      #expect(answer.messages == [[7]] && answer.status == 0)
      #expect(await abandoned == 0)
      #expect(server.server.connections == 0)
    }
  }

  @Test func `a shutdown with a call that does not end closes it after the timeout, and says so`()
    async throws
  {
    let lot = ParkingLot()
    try await withServer([.unary(paths: ["/t.S/M"], lot)]) { server in
      let client = try await server.connect()
      let id = try await client.call("/t.S/M", body: framed([1]))
      try await eventually("the call is parked") {
        try await server.eventLoop.submit { lot.parked.count == 1 }.get()
      }
      let began = ContinuousClock.now
      #expect(await server.server.shutdown(timeout: .milliseconds(80)) == 1)
      #expect(ContinuousClock.now - began >= .milliseconds(80))
      #expect(try await client.answer(id).closeCode != nil)
      #expect(server.server.connections == 0)
    }
  }

  @Test func `a server that was shut down accepts nobody`() async throws {
    try await withServer([.unary(paths: ["/t.S/M"], Unary.echo)]) { server in
      #expect(await server.server.shutdown(timeout: .seconds(60)) == 0)
      await #expect(throws: (any Error).self) { _ = try await server.connect() }
    }
  }
}

private struct WeakValue: Sendable {
  weak var value: Value?
}
