import HTTP2
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Wire

@testable import GRPC

@Suite struct UnaryCallTests {
  @Test func `a message is answered with the same, of every length around a frame's`() throws {
    let server = try EmbeddedServer(Unary.echo)
    for count in [0, 1, 5, 16_378, 16_379, 16_380, 70_000] {
      let answer = try server.answer(body: framed(pattern(count)))
      #expect(answer.head == plainHead)
      #expect(answer.messages == [pattern(count)])
      #expect(answer.trailers == ["grpc-status": "0"])
    }
  }

  @Test func `each method has its index, and the handler sees metadata and deadline`() throws {
    let service = Unary { call in
      let has = call.metadata.first("x-key")?.text == "value"
      call.reply([UInt8(call.method), has ? 1 : 0, call.deadline == nil ? 0 : 1])
    }
    let server = try EmbeddedServer([
      .unary(paths: ["/a.S/M"], Unary.echo), .unary(paths: ["/b.S/M", "/b.S/N"], service),
    ])
    #expect(try server.answer("/b.S/M", body: framed([])).messages == [[0, 0, 0]])
    let extra = [("x-key", "value"), ("grpc-timeout", "10S")]
    #expect(try server.answer("/b.S/N", extra, body: framed([])).messages == [[1, 1, 1]])
    #expect(try server.answer("/a.S/M", body: framed([9])).messages == [[9]])
  }

  @Test func `a failure is trailers only, its message percent-encoded, its reason in the details`()
    throws
  {
    let info = ErrorInfo(reason: "KEY_TOO_LONG", metadata: ["limit_bytes": "250"])
    let status = Status(.invalidArgument, "100 % größer\n", info: info)
    let server = try EmbeddedServer(Unary { $0.fail(status) })
    let answer = try server.answer(body: framed([1]))
    #expect(answer.head[":status"] == "200" && answer.trailers.isEmpty && answer.body.isEmpty)
    #expect(answer.status == 3)
    #expect(answer.message == "100 %25 gr%C3%B6%C3%9Fer%0A")
    let details = try #require(answer.field("grpc-status-details-bin"))
    let bytes = Base64.decode(Array(details.utf8).span.bytes)
    #expect(bytes == StatusDetails(status).serialized())
  }

  @Test func `a reply appended in pieces is one message`() throws {
    let server = try EmbeddedServer(
      Unary { call in
        #expect(call.appendedBytes == 0)
        for piece in 1...300 {
          call.append(size: piece) { output in
            for _ in 0..<piece { output.append(UInt8(piece & 0xff)) }
          }
        }
        #expect(call.appendedBytes == 300 * 301 / 2)
        call.finish()
      })
    let answer = try server.answer(body: framed([]))
    let expected = (1...300).flatMap { [UInt8](repeating: UInt8($0 & 0xff), count: $0) }
    #expect(answer.messages == [expected])
    #expect(answer.status == 0)
  }

  @Test func `a reply finished without a piece is a message of no bytes`() throws {
    let server = try EmbeddedServer(Unary { $0.finish() })
    #expect(try server.answer(body: framed([])).messages == [[]])
  }

  @Test func `a reply with a spliced value is head, value and tail`() throws {
    let server = try EmbeddedServer(
      Unary { call in
        let value = Value(pattern(100_000))
        call.reply(
          headSize: 2, { $0.append(0x0201 as UInt16, as: UInt16.self) },
          value: UnsafeRawBufferPointer(value.buffer), owner: value,
          tailSize: 1, { $0.append(3) })
      })
    let answer = try server.answer(body: framed([]))
    #expect(answer.messages == [[1, 2] + pattern(100_000) + [3]])
  }

  @Test func `calls of one read are all answered`() throws {
    let server = try EmbeddedServer(Unary.echo)
    let ids = (0..<100).map { server.call(body: framed([UInt8($0)])).id }
    try server.run()
    for (index, id) in ids.enumerated() {
      #expect(server.answers[id].messages == [[UInt8(index)]])
    }
  }

  @Test func `a head like the last but for its timeout is not taken for it`() throws {
    let server = try EmbeddedServer(Unary { $0.reply([$0.deadline == nil ? 0 : 1]) })
    let timeout = [("grpc-timeout", "10S")]
    for (extra, expected) in [([], 0), (timeout, 1), ([], 0), (timeout, 1)]
      as [([(String, String)], UInt8)]
    {
      #expect(try server.answer("/t.S/M", extra, body: framed([])).messages == [[expected]])
    }
  }

  // MARK: - Parked

  @Test func `a parked call is answered later`() throws {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    let id = server.call(body: framed([1])).id
    try server.run()
    #expect(lot.parked.count == 1 && lot.parked[0].isWaiting)
    #expect(!server.answers[id].isHeadReceived)
    lot.answer([7])
    try server.run()
    #expect(server.answers[id].messages == [[7]] && server.answers[id].status == 0)
  }

  @Test func `a parked call's message is still there when it is answered`() throws {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    let id = server.call(body: framed([1, 2, 3])).id
    try server.run()
    lot.parked[0].resume { call in
      call.reply([UInt8(call.message.byteCount)])
    }
    try server.run()
    #expect(server.answers[id].messages == [[3]])
  }

  @Test func `a parked call may be parked again, and fail`() throws {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    let id = server.call(body: framed([])).id
    try server.run()
    let first = lot.parked[0]
    first.resume { lot.serve($0) }
    #expect(lot.parked.count == 2)
    lot.parked[1].resume { $0.fail(Status(.unavailable, "later")) }
    try server.run()
    #expect(server.answers[id].status == 14)
    #expect(!first.isWaiting && !lot.parked[1].isWaiting)
  }

  @Test func `an answer to a parked call whose client cancelled is ignored, and the call freed`()
    throws
  {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    let stream = server.call(body: framed([1]))
    let id = stream.id
    try server.run()
    server.client.reset(stream, .cancel)
    try server.run()
    #expect(!lot.parked[0].isWaiting)
    #expect(server.connection.session.liveStreams == 0)
    // Its record serves the next call; the late answer must not reach that one.
    let next = server.call(body: framed([2])).id
    try server.run()
    let late = lot.parked[0]
    late.resume { _ in Issue.record("a late answer was asked for") }
    lot.answer([9])
    try server.run()
    #expect(server.answers[id].body.isEmpty)
    #expect(server.answers[next].messages == [[9]])
  }

  @Test func `an answer to a parked call whose connection was lost is ignored`() throws {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    _ = server.call(body: framed([1]))
    try server.run()
    try server.channel.close().wait()
    #expect(server.hasEnded)
    #expect(!lot.parked[0].isWaiting)
    lot.answer([9])
    #expect(try server.output().isEmpty)
  }

  // MARK: - Parked, with an observer

  @Test func `the observer of a parked call hears that its client cancelled it, once`() throws {
    let lot = WatchedLot()
    let server = try EmbeddedServer(lot)
    let stream = server.call(body: framed([1]))
    _ = server.call(body: framed([2]))
    try server.run()
    server.client.reset(stream, .cancel)
    try server.run()
    #expect(lot.abandoned == [1])
    try server.channel.close().wait()
    #expect(lot.abandoned == [1, 2])
  }

  @Test func `the observer of a parked call hears that its deadline has passed`() throws {
    let lot = WatchedLot()
    let server = try EmbeddedServer([.unary(paths: ["/t.S/M"], lot)], time: .now())
    let id = server.call("/t.S/M", [("grpc-timeout", "2S")], body: framed([1])).id
    try server.run()
    server.pass(1)
    server.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
    #expect(lot.abandoned.isEmpty)
    server.pass(2)
    server.channel.embeddedEventLoop.advanceTime(to: .now() + .seconds(10))
    try server.run()
    #expect(server.answers[id].status == 4)
    #expect(lot.abandoned == [1])
  }

  /// A lease, or an expiry, may have come meanwhile.
  @Test func `a call that was parked goes by the time of its resumption`() throws {
    let lot = WatchedLot()
    let began = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    let server = try EmbeddedServer([.unary(paths: ["/t.S/M"], lot)], time: began)
    let id = server.call(body: framed([1])).id
    try server.run()
    server.passUnseen(5)
    var now = began
    lot.parked[0].resume {
      now = $0.now
      $0.reply([5])
    }
    try server.run()
    #expect(now == began + .seconds(5) && server.answers[id].status == 0)
  }

  @Test func `the observer of a call that was answered hears nothing`() throws {
    let lot = WatchedLot()
    let server = try EmbeddedServer(lot)
    let id = server.call(body: framed([1])).id
    try server.run()
    lot.parked[0].resume { $0.reply([5]) }
    try server.run()
    try server.channel.close().wait()
    #expect(server.answers[id].messages == [[5]] && lot.abandoned.isEmpty)
  }

  @Test func `answers that are flushed together go out once the loop comes to it`() throws {
    let lot = ParkingLot()
    let server = try EmbeddedServer(lot)
    let ids = (0..<10).map { _ in server.call(body: framed([1])).id }
    try server.run()
    let flushes = LoopFlushes(eventLoop: server.channel.eventLoop)
    for (number, parked) in lot.parked.enumerated() {
      parked.resume(flushing: flushes) { $0.reply([UInt8(number)]) }
    }
    #expect(try server.output().isEmpty)
    server.channel.embeddedEventLoop.run()
    try server.run()
    for (number, id) in ids.enumerated() {
      #expect(server.answers[id].messages == [[UInt8(number)]])
    }
    // And once more: nothing is left behind.
    let id = server.call(body: framed([1])).id
    try server.run()
    lot.parked[10].resume(flushing: flushes) { $0.reply([99]) }
    server.channel.embeddedEventLoop.run()
    try server.run()
    #expect(server.answers[id].messages == [[99]])
  }
}
