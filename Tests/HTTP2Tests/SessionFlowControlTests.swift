import HTTP2
import TestSupport
import Testing

private let head = HeaderList(text: [":status": "200"])
private let trailers = HeaderList(text: ["grpc-status": "0"])

/// Bytes of which no two neighbouring pieces are alike.
private func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
}

/// Small windows, so that a few kilobytes cross them. 65,535 is the least that HTTP/2 has for the
/// connection (RFC 9113, section 6.9.2).
private var smallWindows: SessionConfiguration {
  var configuration = SessionConfiguration()
  configuration.streamWindowBytes = 1_000
  configuration.connectionWindowBytes = 65_535
  return configuration
}

@Suite struct SessionFlowControlTests {
  @Test func `a request larger than both windows arrives when the reader credits as it reads`()
    throws
  {
    let pair = SessionPair(server: smallWindows)
    let requests = Collector()
    pair.serve = { requests.take($1, in: $0) }
    let body = pattern(200_000)
    let id = try #require(pair.request(body: body)).id
    try pair.run()
    #expect(requests[id].body == body)
    #expect(requests[id].isEndReceived)
  }

  @Test func `a message is gathered over many windows before anybody takes a byte of it`() throws {
    // As a unary call does: bytes are credited as they come, and taken when the message is whole.
    let pair = SessionPair(server: smallWindows)
    var whole: [UInt8] = []
    pair.serve = { session, stream in
      session.credit(stream)
      if stream.isEndReceived { whole = Array(stream.inboundBuffer) }
    }
    let body = pattern(100_000)
    _ = pair.request(body: body)
    try pair.run()
    #expect(whole == body)
  }

  @Test func `an answer larger than both windows arrives when the reader credits as it reads`()
    throws
  {
    let pair = SessionPair(client: smallWindows)
    let body = pattern(300_000)
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: body)
      session.finish(stream, trailers: trailers)
      session.respond(stream, head: head)
    }
    let id = try #require(pair.request()).id
    try pair.run()
    #expect(pair.answers[id].body == body)
    #expect(pair.answers[id].trailers == ["grpc-status": "0"])
  }

  @Test func `a reader that does not credit gets one window and no more`() throws {
    let pair = SessionPair(server: smallWindows)
    pair.serve = { _, _ in }
    // The client knows the window once it has our SETTINGS.
    try pair.run()
    let stream = try #require(pair.request(body: pattern(5_000)))
    try pair.run()
    var received: HTTP2.Stream?
    pair.server.forEachLiveStream { received = $0 }
    let request = try #require(received)
    #expect(request.inboundCount == 1_000)
    #expect(stream.outboundCount == 4_000)

    // Credit for less than half the window is gathered by nghttp2; for half of it, it is sent.
    pair.server.credit(request, 600)
    try pair.run()
    #expect(request.inboundCount == 1_600)
    pair.server.credit(request)
    try pair.run()
    #expect(request.inboundCount == 2_600)
  }

  @Test func `crediting more than was received credits what was received`() throws {
    let pair = SessionPair(server: smallWindows)
    pair.serve = { _, _ in }
    _ = pair.request(body: pattern(700), isOpen: true)
    try pair.run()
    pair.server.forEachLiveStream { stream in
      pair.server.credit(stream, 1_000_000)
      pair.server.credit(stream, 1_000_000)
    }
    try pair.run()
    let updates = SentFrame.all(in: pair.sentByServer)
      .filter { $0.isWindowUpdate && $0.stream != 0 }
    #expect(updates.count == 1 && updates.first?.code == 700)
  }

  @Test func `a drain mark makes the stream ready once, when that little is left`() throws {
    let pair = SessionPair(client: smallWindows)
    pair.answers.creditsPeer = false
    var answering: HTTP2.Stream?
    var reports: [Int] = []
    pair.serve = { session, stream in
      if stream.isHeadSubmitted {
        reports.append(stream.outboundCount)
      } else if stream.isEndReceived {
        session.append(to: stream, bytes: pattern(1_500))
        stream.drainMark = 400
        session.respond(stream, head: head)
        answering = stream
      }
    }
    _ = pair.request()
    try pair.run()
    let stream = try #require(answering)
    #expect(stream.outboundCount == 500)
    #expect(reports.isEmpty && stream.drainMark == 400)
    pair.client.forEachLiveStream { pair.client.credit($0) }
    try pair.run()
    #expect(reports == [0] && stream.drainMark == nil)
  }
}

@Suite struct SessionSpliceTests {
  @Test func `a spliced value comes out byte-exact for every size of output buffer`() throws {
    let value = Value(pattern(70_001))
    let expected = [1, 2, 3] + Array(value.buffer) + [4, 5]
    let least = Session.frameMaxBytes
    for bufferBytes in [least, least + 1, least + 9, 20_011, 2 * least - 1, 2 * least, 65_536] {
      let pair = SessionPair()
      var hasAnswered = false
      pair.serve = { session, stream in
        guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
        session.append(to: stream, bytes: [1, 2, 3])
        session.splice(UnsafeRawBufferPointer(value.buffer), owner: value, into: stream)
        session.append(to: stream, bytes: [4, 5])
        session.finish(stream, trailers: trailers)
        session.respond(stream, head: head)
        hasAnswered = true
      }
      let id = try #require(pair.request()).id
      try pair.server.receive(pair.client.pullAll()) { pair.actOnRequests() }
      #expect(hasAnswered)
      let bytes = try pair.server.pullAll(bufferBytes: bufferBytes)
      // The connection's window, 65,535 until the client's WINDOW_UPDATE is read, lets it all out.
      let frames = SentFrame.all(in: bytes).of(id)
      #expect(frames.body == expected, "buffers of \(bufferBytes)")
      #expect(frames.last?.isEnd == true)
    }
  }

  @Test func `a buffer that has little room left takes what fits, and the next the rest`() throws {
    // Each pull is given a buffer that already holds something; DATA waits, control frames are cut.
    let value = Value(pattern(50_000))
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.splice(UnsafeRawBufferPointer(value.buffer), owner: value, into: stream)
      session.finish(stream, trailers: trailers)
      session.respond(stream, head: head)
    }
    let id = try #require(pair.request()).id
    try pair.server.receive(pair.client.pullAll()) { pair.actOnRequests() }
    var bytes: [UInt8] = []
    var pulls = 0
    var hasMore = true
    while hasMore {
      // One in three has room for a DATA frame; the others only for a few bytes.
      let bufferBytes = pulls % 3 == 2 ? Session.frameMaxBytes : 5 + pulls % 3
      let pulled = try pair.server.pullOnce(bufferBytes: bufferBytes)
      #expect(pulled.bytes.count <= bufferBytes)
      bytes += pulled.bytes
      hasMore = pulled.hasMore
      pulls += 1
      try #require(pulls < 1_000)
    }
    let frames = SentFrame.all(in: bytes).of(id)
    #expect(frames.body == pattern(50_000))
    #expect(frames.last?.isHeaders == true && frames.last?.isEnd == true)
  }

  @Test func `the largest frame fills a buffer of the least size exactly`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: pattern(16 << 10))
      session.respond(stream, head: head)
    }
    _ = pair.request()
    try pair.server.receive(pair.client.pullAll()) { pair.actOnRequests() }
    var sizes: [Int] = []
    var hasMore = true
    while hasMore {
      let pulled = try pair.server.pullOnce(bufferBytes: Session.frameMaxBytes)
      sizes.append(pulled.bytes.count)
      hasMore = pulled.hasMore
    }
    #expect(sizes.contains(9 + 16_384))
  }

  @Test func `a spliced value is counted until it is sent, with the bytes around it and apart`()
    throws
  {
    let value = Value(pattern(50_000))
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: [1, 2, 3])
      session.splice(UnsafeRawBufferPointer(value.buffer), owner: value, into: stream)
      session.append(to: stream, bytes: [4, 5])
      session.finish(stream, trailers: trailers)
      session.respond(stream, head: head)
    }
    _ = pair.request()
    try pair.server.receive(pair.client.pullAll()) { pair.actOnRequests() }
    #expect(pair.server.queuedBytes == 50_005 && pair.server.splicedBytes == 50_000)
    var hasMore = true
    var left: [Int] = []
    while hasMore {
      hasMore = try pair.server.pullOnce(bufferBytes: Session.frameMaxBytes).hasMore
      left.append(pair.server.queuedBytes - pair.server.splicedBytes)
    }
    #expect(Set(left) == [5, 2, 0])
    #expect(pair.server.queuedBytes == 0 && pair.server.splicedBytes == 0)
  }

  @Test func `a value is let go when its stream is reset before it was sent`() throws {
    let pair = SessionPair(client: smallWindows)
    pair.answers.creditsPeer = false
    weak var owner: Value?
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      let value = Value(pattern(50_000))
      owner = value
      session.splice(UnsafeRawBufferPointer(value.buffer), owner: value, into: stream)
      session.respond(stream, head: head)
    }
    let stream = try #require(pair.request())
    try pair.run()
    #expect(owner != nil)
    pair.client.reset(stream, .cancel)
    try pair.run()
    #expect(owner == nil)
    #expect(pair.server.liveStreams == 0)
    #expect(pair.server.queuedBytes == 0 && pair.server.splicedBytes == 0)
  }
}
