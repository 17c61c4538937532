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

  @Test func `do not see calls of methods that there are not`() throws {
    let recorder = Recorder()
    let server = try EmbeddedServer(
      [.unary(paths: ["/t.S/M"], Unary.echo)], interceptors: [recorder])
    #expect(try server.answer("/t.S/N", body: framed([1])).status == 12)
    #expect(recorder.events == [])
  }
}

/// Writes down what it is told.
private final class Recorder: ServerInterceptor {
  private let list = Mutex<[String]>([])
  private let refusal: Status?

  init(refusal: Status? = nil) { self.refusal = refusal }

  var events: [String] { self.list.withLock { $0 } }

  func begin(_ call: borrowing InterceptedCall) throws(Status) {
    let path = call.path
    self.list.withLock { $0.append("begin \(path)") }
    if let refusal = self.refusal { throw refusal }
  }

  func end(_ call: borrowing InterceptedCall, _ outcome: CallOutcome) {
    let path = call.path
    self.list.withLock { $0.append("end \(path) \(outcome.code)") }
  }
}
