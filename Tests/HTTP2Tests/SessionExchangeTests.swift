import HTTP2
import TestSupport
import Testing

private let head = HeaderList(text: [":status": "200", "content-type": "application/grpc"])
private let trailers = HeaderList(text: ["grpc-status": "0"])

@Suite struct SessionExchangeTests {
  @Test func `a request and its answer with trailers arrive whole, one byte at a time too`() throws
  {
    for pieceBytes in [1, 7, 16 << 10] {
      let pair = SessionPair()
      pair.pieceBytes = pieceBytes
      let requests = Collector()
      pair.serve = { session, stream in
        requests.take(stream, in: session)
        guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
        session.append(to: stream, bytes: [1, 2, 3])
        session.finish(stream, trailers: trailers)
        session.respond(stream, head: head)
      }
      let stream = try #require(pair.request(body: [9, 8, 7, 6]))
      let id = stream.id
      try pair.run()

      #expect(requests[id].head[":path"] == "/a.B/C")
      #expect(requests[id].head[":method"] == "POST")
      #expect(requests[id].body == [9, 8, 7, 6])
      let answer = pair.answers[id]
      #expect(answer.head == [":status": "200", "content-type": "application/grpc"])
      #expect(answer.body == [1, 2, 3])
      #expect(answer.trailers == ["grpc-status": "0"])
      #expect(answer.closeCode == .noError)
      #expect(pair.client.liveStreams == 0 && pair.server.liveStreams == 0)
    }
  }

  @Test func `an answer of trailers only is one HEADERS frame that ends the stream`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && stream.closeCode == nil else { return }
      session.respondOnly(stream, head: HeaderList(text: [":status": "200", "grpc-status": "12"]))
    }
    let stream = try #require(pair.request())
    let id = stream.id
    try pair.run()
    #expect(pair.answers[id].head == [":status": "200", "grpc-status": "12"])
    #expect(pair.answers[id].trailers.isEmpty)
    let frames = SentFrame.all(in: pair.sentByServer).filter { $0.stream != 0 }
    #expect(frames.count == 1)
    #expect(frames.first?.isHeaders == true && frames.first?.isEnd == true)
  }

  @Test func `a body that is not there yet is sent when it is appended`() throws {
    let pair = SessionPair()
    var answering: HTTP2.Stream?
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.respond(stream, head: head)
      answering = stream
    }
    let id = try #require(pair.request()).id
    try pair.run()
    #expect(pair.answers[id].isHeadReceived && pair.answers[id].body.isEmpty)

    let stream = try #require(answering)
    for byte: UInt8 in 1...3 {
      pair.server.append(to: stream, bytes: [byte])
      try pair.run()
      #expect(pair.answers[id].body == Array(1...byte))
      #expect(!pair.answers[id].isEndReceived)
    }
    pair.server.finish(stream, trailers: trailers)
    try pair.run()
    #expect(pair.answers[id].trailers == ["grpc-status": "0"])
  }

  @Test func `a body without trailers ends with its last DATA frame`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: [1])
      session.finish(stream)
      session.respond(stream, head: head)
    }
    _ = pair.request()
    try pair.run()
    let frames = SentFrame.all(in: pair.sentByServer).filter { $0.stream != 0 }
    #expect(frames.types == [0x1, 0x0])
    #expect(frames.first?.isEnd == false && frames.last?.isEnd == true)
  }

  // MARK: - Ends before the request's

  @Test func `an answer that ends before its request is followed by RST_STREAM of no error`() throws
  {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: [UInt8](repeating: 1, count: 100_000))
      session.finish(stream, trailers: trailers)
      session.respond(stream, head: head)
    }
    let id = try #require(pair.request(isOpen: true)).id
    try pair.run()

    let frames = SentFrame.all(in: pair.sentByServer).of(id)
    #expect(frames.resetCodes == [0])
    #expect(frames.last?.isResetStream == true)
    #expect(frames.dropLast().last?.isHeaders == true && frames.dropLast().last?.isEnd == true)
    #expect(pair.answers[id].body.count == 100_000)
    #expect(pair.answers[id].trailers == ["grpc-status": "0"])
    #expect(pair.answers[id].closeCode == .noError)
    #expect(pair.server.liveStreams == 0)
  }

  @Test func `an early answer of trailers only is followed by RST_STREAM of no error`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard !stream.isHeadSubmitted else { return }
      session.respondOnly(stream, head: HeaderList(text: [":status": "415"]))
    }
    let id = try #require(pair.request(isOpen: true)).id
    try pair.run()
    let frames = SentFrame.all(in: pair.sentByServer).of(id)
    #expect(frames.types == [0x1, 0x3])
    #expect(pair.answers[id].head == [":status": "415"])
  }

  @Test func `an answer to a request that has ended is not followed by a reset`() throws {
    let pair = SessionPair()
    var isFirst = true
    pair.serve = { session, stream in
      // The first stream ends early, which must not change what happens to the others.
      guard !stream.isHeadSubmitted, isFirst || stream.isEndReceived else { return }
      isFirst = false
      session.respondOnly(stream, head: HeaderList(text: [":status": "200"]))
    }
    _ = pair.request(isOpen: true)
    try pair.run()
    let id = try #require(pair.request(body: [1])).id
    try pair.run()
    let frames = SentFrame.all(in: pair.sentByServer).of(id)
    #expect(frames.resetCodes.isEmpty)
  }

  // MARK: - The connection

  @Test func `the acknowledgement of a PING is counted`() throws {
    let pair = SessionPair()
    try pair.run()
    #expect(pair.server.pingAcks == 0)
    for expected in 1...3 {
      pair.server.ping()
      try pair.run()
      #expect(pair.server.pingAcks == expected)
    }
    #expect(pair.client.pingAcks == 0)
  }

  @Test func `a GOAWAY is recorded with its last stream, code and text`() throws {
    let pair = SessionPair()
    let stream = try #require(pair.request(isOpen: true))
    try pair.run()
    #expect(pair.client.goAway == nil)
    pair.server.goAway(.enhanceYourCalm, debugText: "too_many_pings")
    try pair.run()
    let goAway = try #require(pair.client.goAway)
    #expect(goAway.lastStreamID == stream.id)
    #expect(goAway.code == .enhanceYourCalm)
    #expect(goAway.debugText == "too_many_pings")
  }

  @Test func `a GOAWAY without text is recorded with an empty one`() throws {
    let pair = SessionPair()
    try pair.run()
    pair.server.goAway(.noError)
    try pair.run()
    #expect(pair.client.goAway?.debugText == "" && pair.client.goAway?.lastStreamID == 0)
    // Nothing is open any more, so neither side has anything left to say.
    #expect(!pair.server.wantsRead && !pair.server.wantsWrite)
  }

  @Test func `an announced shutdown names no last stream, and streams under way go on`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.respondOnly(stream, head: head)
    }
    let stream = try #require(pair.request(isOpen: true))
    let id = stream.id
    try pair.run()
    pair.server.announceShutdown()
    try pair.run()
    #expect(pair.client.goAway?.lastStreamID == Int32.max)
    #expect(pair.server.wantsRead)
    pair.client.finish(stream)
    try pair.run()
    #expect(pair.answers[id].head[":status"] == "200")
  }

  @Test func `the peer is ready once its SETTINGS have come`() throws {
    let pair = SessionPair()
    #expect(!pair.server.isPeerReady && !pair.client.isPeerReady)
    try pair.run()
    #expect(pair.server.isPeerReady && pair.client.isPeerReady)
  }
}
