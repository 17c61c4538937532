import HTTP2
import NIOCore
import TestSupport
import Testing

@testable import GRPC

@Suite struct `Counts of calls` {
  @Test func `a unary call is counted by method, status, messages and bytes`() throws {
    let server = try EmbeddedServer([
      .unary(paths: ["/t.S/A"], Unary.echo),
      .unary(paths: ["/t.S/B"], Unary { $0.fail(Status(.notFound, "no")) }),
    ])
    for _ in 0..<3 { #expect(try server.answer("/t.S/A", body: framed([1, 2])).status == 0) }
    #expect(try server.answer("/t.S/B", body: framed([1, 2, 3, 4])).status == 5)

    let (a, b) = (server.method(0), server.method(1))
    #expect(a.started == 3)
    #expect(a.ended == [.ok: 3])
    #expect(a.messagesReceived == 3 && a.bytesReceived == 6)
    #expect(a.messagesSent == 3 && a.bytesSent == 6)
    #expect(b.started == 1)
    #expect(b.ended == [.notFound: 1])
    #expect(b.messagesReceived == 1 && b.bytesReceived == 4)
    #expect(b.messagesSent == 0 && b.bytesSent == 0)
    #expect(server.method(-1).started == 0)
  }

  @Test func `the three ways to reply count the whole message`() throws {
    let value = Value(pattern(1_000))
    let pieces = Unary { call in
      call.reply(
        headSize: 2, { output in for _ in 0..<2 { output.append(7) } },
        value: UnsafeRawBufferPointer(value.buffer), owner: value,
        tailSize: 1, { $0.append(8) })
    }
    let batch = Unary { call in
      for _ in 0..<4 { call.append(size: 3) { output in for _ in 0..<3 { output.append(9) } } }
      call.finish()
    }
    let server = try EmbeddedServer([
      .unary(paths: ["/t.S/Pieces"], pieces), .unary(paths: ["/t.S/Batch"], batch),
    ])
    _ = try server.answer("/t.S/Pieces", body: framed([]))
    _ = try server.answer("/t.S/Batch", body: framed([]))
    #expect(server.method(0).bytesSent == 1_003)
    #expect(server.method(1).bytesSent == 12)
  }

  @Test func `calls that end within one turn get one duration, read at its end`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for _ in 0..<20 { _ = server.call(body: framed([1])) }
    try server.run()
    let durations = server.connection.counter.durations(0, .ok)
    #expect(durations.count == 20)
    #expect(durations.sumNanoseconds > 0)
    // The same for each of a turn; they came in one.
    #expect(durations.sumNanoseconds % 20 == 0)
    #expect(!server.connection.counter.hasNoted)
  }

  @Test func `a parked call lasts until it is answered`() throws {
    let parking = ParkingLot()
    let server = try EmbeddedServer(parking)
    _ = server.call(body: framed([1]))
    try server.run()
    #expect(server.method(0).started == 1)
    #expect(server.method(0).ended == [:])
    parking.answer([1])
    try server.run()
    #expect(server.method(0).ended == [.ok: 1])
    #expect(server.connection.counter.durations(0, .ok).sumNanoseconds > 0)
  }

  @Test func `unknown methods and heads that are refused count as other`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for index in 0..<50 {
      #expect(try server.answer("/t.S/Unknown\(index)", body: framed([1])).status == 12)
    }
    _ = try server.answer("/t.S/M", [("grpc-timeout", "soon")], body: framed([1]))
    #expect(server.method(-1).started == 51)
    #expect(server.method(-1).ended == [.unimplemented: 50, .internal: 1])
    #expect(server.method(0).started == 0)
  }

  @Test func `a call that its client cancels has failed on its socket too`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let stream = server.call(body: [0, 0, 0, 0, 9, 1], isOpen: true)
    try server.run()
    server.client.reset(stream, .cancel)
    _ = server.call(body: framed([1]))
    try server.run()
    #expect(server.method(0).ended == [.cancelled: 1, .ok: 1])
    let traffic = SocketSnapshot.Traffic(server.connection)
    #expect(traffic.streamsStarted == 2)
    #expect(traffic.streamsSucceeded == 1)
    #expect(traffic.streamsFailed == 1)
    #expect(traffic.messagesReceived == 1 && traffic.messagesSent == 1)
    #expect(traffic.lastStreamAt != nil && traffic.lastMessageSentAt != nil)
    #expect(server.connection.session.frameCounts.resetsReceived == 1)
  }

  @Test func `a socket counts its bytes, pings and resets`() throws {
    let server = try EmbeddedServer(Unary.echo)
    try server.feed(Frame.clientHello)
    try server.feed(Frame.ping() + Frame.ping())
    // A window above 2^31 - 1 is an error of its stream: a reset is sent.
    let head = Frame.headers(
      stream: 1,
      [
        ":method": "POST", ":scheme": "http", ":path": "/t.S/M", ":authority": "a",
        "content-type": "application/grpc",
      ])
    try server.feed(head)
    try server.feed(Frame.windowUpdate(stream: 1, 0x7fff_ffff))
    let sent = try server.output().count
    let counts = server.connection.counts.pointee
    #expect(counts.bytesReceived == Frame.clientHello.count + 2 * 17 + head.count + 13)
    #expect(counts.bytesSent == sent)
    let frames = server.connection.session.frameCounts
    #expect(frames.pingsReceived == 2)
    #expect(frames.resetsSent == 1)
    #expect(server.method(0).ended == [.cancelled: 1])
  }
}

extension EmbeddedServer {
  fileprivate struct Counted {
    let started: Int
    let ended: [StatusCode: Int]
    let messagesReceived: Int
    let bytesReceived: Int
    let messagesSent: Int
    let bytesSent: Int
  }

  fileprivate func method(_ index: Int) -> Counted {
    let counter = self.connection.counter
    let method = counter.method(index)
    var ended: [StatusCode: Int] = [:]
    for code in StatusCode.allCases {
      let count = counter.durations(index, code).count
      if count > 0 { ended[code] = count }
    }
    return Counted(
      started: method.started, ended: ended, messagesReceived: method.messagesReceived,
      bytesReceived: method.bytesReceived, messagesSent: method.messagesSent,
      bytesSent: method.bytesSent)
  }
}
