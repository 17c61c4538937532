import GRPC
import NIOCore
import Synchronization
import Testing

/// Channels with interceptors against our own server, on loopback sockets.
@Suite struct `Interceptors of a channel` {
  @Test func `add metadata to a unary call and hear its end`() async throws {
    let recorder = CallRecorder(adding: ["x-a": "1"])
    try await withChannel(
      [.unary(paths: ["/t.S/M"], Self.echo("x-a"))], client: Self.configuration(recorder)
    ) { channel, server in
      let answer = try await channel.answer([])
      #expect(answer == Array("1".utf8))
      #expect(
        recorder.events == ["begin /t.S/M 127.0.0.1:\(server.port)", "end /t.S/M OK"])
    }
  }

  @Test func `see what those before them added, beside the caller's own`() async throws {
    let (first, second) = (CallRecorder(adding: ["x-a": "1"]), CallRecorder(adding: ["x-b": "2"]))
    let service = Unary { call in
      let metadata = call.metadata.copy()
      #expect(metadata.fields.map(\.name).filter { $0.hasPrefix("x-") } == ["x-own", "x-a", "x-b"])
      call.reply([])
    }
    try await withChannel(
      [.unary(paths: ["/t.S/M"], service)], client: Self.configuration(first, second)
    ) { channel, _ in
      var own = Metadata()
      own.add("x-own", "0")
      _ = try await channel.unary("/t.S/M", [], metadata: own)
      #expect(second.seen == [["x-own", "x-a"]])
    }
  }

  @Test func `refuse a call, which is then not made, and those asked hear of it`() async throws {
    let (first, last) = (CallRecorder(), CallRecorder())
    let refusing = CallRecorder(refusal: Status(.unauthenticated, "no token yet"))
    let service = Unary { _ in Issue.record("the call was made") }
    try await withChannel(
      [.unary(paths: ["/t.S/M"], service)], client: Self.configuration(first, refusing, last)
    ) { channel, _ in
      #expect(await failure { try await channel.answer([]) }?.code == .unauthenticated)
      let streaming = await failure { try await channel.streaming("/t.S/M") }
      #expect(streaming?.message == "no token yet")
      for asked in [first, refusing] {
        #expect(asked.ends == ["end /t.S/M UNAUTHENTICATED", "end /t.S/M UNAUTHENTICATED"])
      }
      #expect(last.events == [])
    }
  }

  @Test func `hear how a call failed that the server refused, or that never reached it`()
    async throws
  {
    let recorder = CallRecorder()
    let failing = Unary { $0.fail(Status(.notFound)) }
    try await withChannel(
      [.unary(paths: ["/t.S/M"], failing)], client: Self.configuration(recorder)
    ) { channel, _ in
      _ = await failure { try await channel.answer([]) }
      await channel.shutdown()
      _ = await failure { try await channel.answer([]) }
      _ = await failure { try await channel.streaming("/t.S/M") }
      #expect(
        recorder.ends == [
          "end /t.S/M NOT_FOUND", "end /t.S/M UNAVAILABLE", "end /t.S/M UNAVAILABLE",
        ])
    }
  }

  @Test func `add metadata to a streaming call and hear its end once, when it comes`()
    async throws
  {
    let recorder = CallRecorder(adding: ["x-a": "1"])
    let service = Streaming { call in
      #expect(call.metadata.text("x-a") == "1")
      for try await message in call.messages { try await call.send(message) }
    }
    try await withChannel(
      [.streaming(paths: ["/t.S/M"], service)], client: Self.configuration(recorder)
    ) { channel, _ in
      let call = try await channel.streaming("/t.S/M")
      try await call.send(ByteBuffer(bytes: [1]))
      var messages = call.messages.makeAsyncIterator()
      #expect(try await messages.next() == ByteBuffer(bytes: [1]))
      #expect(recorder.ends == [])
      await call.finishSending()
      #expect(try await messages.next() == nil)
      try await eventually("the end is heard") { recorder.ends == ["end /t.S/M OK"] }
    }
  }

  @Test func `hear of a streaming call that its caller gives up`() async throws {
    let recorder = CallRecorder()
    try await withChannel(
      [.streaming(paths: ["/t.S/M"], Streaming.echo)], client: Self.configuration(recorder)
    ) { channel, _ in
      let call = try await channel.streaming("/t.S/M")
      call.cancel()
      try await eventually("the end is heard") { recorder.ends == ["end /t.S/M CANCELLED"] }
    }
  }

  @Test func `a bearer token goes with every call`() async throws {
    let token = try BearerToken(Array("sesame".utf8))
    try await withChannel(
      [.unary(paths: ["/t.S/M"], Self.echo("authorization"))],
      client: Self.configuration(BearerTokenInterceptor(token))
    ) { channel, _ in
      for _ in 0..<2 {
        let answer = try await channel.answer([])
        #expect(answer == Array("Bearer sesame".utf8))
      }
    }
  }

  @Test func `the pushback of a refusal comes with the status`() async throws {
    let refused = Status(
      .resourceExhausted, "too fast", info: ErrorInfo(reason: "RATE_LIMITED"),
      retryPushback: .after(.nanoseconds(1_000_001)))
    try await withChannel([.unary(paths: ["/t.S/M"], Unary { $0.fail(refused) })]) { channel, _ in
      #expect(await failure { try await channel.answer([]) } == refused)
    }
  }

  private static func configuration(_ interceptors: any ClientInterceptor...)
    -> ClientConfiguration
  {
    var configuration = ClientConfiguration()
    configuration.interceptors = interceptors
    return configuration
  }

  /// Answers with the value of this metadata.
  private static func echo(_ name: String) -> Unary {
    Unary { call in call.reply(Array((call.metadata.copy().text(name) ?? "none").utf8)) }
  }
}

/// Writes down what it is told.
private final class CallRecorder: ClientInterceptor {
  private struct Notes {
    var events: [String] = []
    var seen: [[String]] = []
  }

  private let notes = Mutex(Notes())
  private let added: [String: String]
  private let refusal: Status?

  init(adding added: [String: String] = [:], refusal: Status? = nil) {
    self.added = added
    self.refusal = refusal
  }

  var events: [String] { self.notes.withLock { $0.events } }
  var ends: [String] { self.events.filter { $0.hasPrefix("end") } }
  /// The names of the metadata that each call had.
  var seen: [[String]] { self.notes.withLock { $0.seen } }

  func begin(_ call: inout ClientCallHead) throws(Status) {
    let (path, peer, names) = (call.path, call.peer, call.metadata.fields.map(\.name))
    self.notes.withLock { notes in
      notes.events.append("begin \(path) \(peer)")
      notes.seen.append(names)
    }
    if let refusal = self.refusal { throw refusal }
    for (name, value) in self.added { call.metadata.add(name, value) }
  }

  func end(_ call: ClientCallHead, _ status: Status, duration: TimeAmount) {
    #expect(duration >= .nanoseconds(0))
    self.notes.withLock { $0.events.append("end \(call.path) \(status.code)") }
  }
}
