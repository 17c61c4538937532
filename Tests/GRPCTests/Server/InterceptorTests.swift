import GRPC
import HTTP2
import NIOCore
import Synchronization
import TestSupport
import Testing

@Suite struct `Interceptors of a server` {
  @Test func `see a unary call begin and end`() throws {
    let recorder = Recorder()
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [recorder])
    let answer = try server.answer(body: framed([1, 2]))
    #expect(answer.status == 0)
    #expect(recorder.events == ["begin /t.S/M", "end /t.S/M OK"])
  }

  @Test func `are asked in order until one refuses, and those asked hear the end`() throws {
    let (first, last) = (Recorder(), Recorder())
    let refusing = Recorder(refusal: Status(.permissionDenied, "not you"))
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [first, refusing, last])
    let answer = try server.answer(body: framed([1]))
    #expect(answer.status == 7)
    #expect(answer.message == "not you")
    #expect(first.events == ["begin /t.S/M", "end /t.S/M PERMISSION_DENIED"])
    #expect(refusing.events == ["begin /t.S/M", "end /t.S/M PERMISSION_DENIED"])
    #expect(last.events == [])
  }

  @Test func `hear of a call that its client cancels before it is whole`() throws {
    let recorder = Recorder()
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [recorder])
    let stream = server.call(body: [0, 0, 0, 0, 9, 1], isOpen: true)
    try server.run()
    server.client.reset(stream, .cancel)
    try server.run()
    #expect(recorder.events == ["begin /t.S/M", "end /t.S/M CANCELLED"])
  }

  @Test func `see calls that are refused on their head, without a method`() throws {
    let recorder = Recorder()
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [recorder])
    #expect(try server.answer("/t.S/N", body: framed([1])).status == 12)
    #expect(try server.answer("/t.S/M", [("grpc-timeout", "1x")], body: framed([1])).status == 13)
    #expect(try server.answer("/t.S/M", [("grpc-encoding", "br")], body: framed([1])).status == 12)
    #expect(
      recorder.events == [
        "begin no method", "end no method UNIMPLEMENTED",
        "begin no method", "end no method INTERNAL",
        "begin no method", "end no method UNIMPLEMENTED",
      ])
  }

  @Test func `may have the last word on what is refused in any case, where it is gRPC`() throws {
    let (refusing, last) = (Recorder(refusal: Status(.resourceExhausted, "slower")), Recorder())
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [refusing, last])
    let answer = try server.answer("/t.S/N", body: framed([1]))
    #expect(answer.status == 8 && answer.message == "slower")
    #expect(refusing.events == ["begin no method", "end no method RESOURCE_EXHAUSTED"])

    let page = HeaderList(text: [
      ":method": "GET", ":scheme": "http", ":path": "/t.S/M", ":authority": "t",
    ])
    let stream = try #require(server.client.request(head: page))
    stream.reportsClose = true
    let id = stream.id
    server.client.finish(stream)
    try server.run()
    #expect(server.answers[id].head == [":status": "405", "content-length": "0"])
    #expect(refusing.events.count == 4 && last.events.isEmpty)
  }

  @Test func `keep something with the connection, each in a place of its own`() throws {
    let (first, second) = (Counter(), Counter())
    let services: [ServiceRegistration] = [.unary(paths: ["/t.S/M", "/t.S/N"], Unary.echo)]
    let server = try EmbeddedServer(services, interceptors: [first, second])
    for path in ["/t.S/M", "/t.S/N", "/t.S/M"] { _ = try server.answer(path, body: framed([1])) }
    #expect(first.counts == [1, 2, 3] && second.counts == [1, 2, 3])
    #expect(first.methods == [0, 1, 0])
    let other = try EmbeddedServer(services, interceptors: [first])
    _ = try other.answer(body: framed([1]))
    #expect(first.counts == [1, 2, 3, 1])
  }

  @Test func `refuse with a time to come back, as pushback and as detail`() throws {
    let status = Status(
      .resourceExhausted, "too fast", retryPushback: .after(.nanoseconds(1_500_001)))
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [Recorder(refusal: status)])
    let answer = try server.answer(body: framed([1]))
    #expect(answer.status == 8)
    // Rounded up: who comes earlier is refused again.
    #expect(answer.field("grpc-retry-pushback-ms") == "2")
    #expect(answer.field("grpc-status-details-bin") != nil)
  }

  @Test func `refuse a streaming call before its handler begins`() throws {
    let service = Streaming { _ in Issue.record("the handler began") }
    let recorder = Recorder(refusal: Status(.permissionDenied, "not you"))
    let server = try EmbeddedServer(
      [.streaming(paths: ["/t.S/M"], service)], interceptors: [recorder])
    let answer = try server.answer(body: framed([1]))
    #expect(answer.status == 7)
    #expect(recorder.events == ["begin /t.S/M", "end /t.S/M PERMISSION_DENIED"])
  }
}

/// Counts the calls of each connection in the connection's memory.
private final class Counter: ServerInterceptor {
  private final class Count {
    var calls = 0
  }

  private struct Notes {
    var counts: [Int] = []
    var methods: [Int] = []
  }

  private let notes = Mutex(Notes())

  var counts: [Int] { self.notes.withLock { $0.counts } }
  var methods: [Int] { self.notes.withLock { $0.methods } }

  func begin(_ call: borrowing InterceptedCall) {
    let count = call.memory as? Count ?? Count()
    call.memory = count
    count.calls += 1
    let (calls, method) = (count.calls, call.method ?? -1)
    self.notes.withLock { notes in
      notes.counts.append(calls)
      notes.methods.append(method)
    }
  }
}

/// Writes down what it is told.
private final class Recorder: ServerInterceptor {
  private let list = Mutex<[String]>([])
  private let refusal: Status?

  init(refusal: Status? = nil) { self.refusal = refusal }

  var events: [String] { self.list.withLock { $0 } }

  func begin(_ call: borrowing InterceptedCall) throws(Status) {
    let path = call.path ?? "no method"
    self.list.withLock { $0.append("begin \(path)") }
    if let refusal = self.refusal { throw refusal }
  }

  func end(_ call: borrowing InterceptedCall, _ outcome: CallOutcome) {
    let path = call.path ?? "no method"
    self.list.withLock { $0.append("end \(path) \(outcome.code)") }
  }
}
