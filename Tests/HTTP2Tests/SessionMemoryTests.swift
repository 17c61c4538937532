import TestSupport
import Testing

@testable import HTTP2

private let head = HeaderList(text: [":status": "200"])
private let trailers = HeaderList(text: ["grpc-status": "0"])

extension Session {
  /// Stream records ever made, live or free.
  fileprivate var recordCount: Int { self.core.pointee.records.count }

  /// Memory that the buffers of all streams hold, in bytes.
  fileprivate var bufferBytes: Int {
    self.core.pointee.records.reduce(0) {
      $0 + $1.pointee.inbound.capacity + $1.pointee.outbound.bytes.capacity
    }
  }
}

@Suite struct SessionMemoryTests {
  @Test func `ten thousand streams one after another use the same few records`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: [1, 2, 3])
      session.finish(stream, trailers: trailers)
      session.respond(stream, head: head)
    }
    for _ in 0..<10_000 {
      _ = try #require(pair.request(body: [1]))
      try pair.run()
    }
    #expect(pair.server.recordCount == 1 && pair.client.recordCount == 1)
    #expect(pair.server.liveStreams == 0 && pair.client.liveStreams == 0)
  }

  @Test func `as many records are made as streams were open at once, and used again`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.respondOnly(stream, head: head)
    }
    for _ in 0..<5 {
      for _ in 0..<50 { _ = try #require(pair.request()) }
      try pair.run()
    }
    #expect(pair.server.recordCount == 50)
  }

  @Test func `a recycled record carries nothing over but its context`() throws {
    let pair = SessionPair()
    var seen: [(context: UnsafeMutableRawPointer?, body: Int, isSubmitted: Bool)] = []
    let mark = UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1)
    defer { mark.deallocate() }
    pair.serve = { session, stream in
      guard stream.isEndReceived && stream.closeCode == nil else { return }
      seen.append((stream.context, stream.inboundCount, stream.isHeadSubmitted))
      stream.context = mark
      session.respondOnly(stream, head: head)
    }
    _ = pair.request(body: [1, 2, 3])
    try pair.run()
    _ = pair.request(body: [1])
    try pair.run()
    #expect(seen.count == 2)
    #expect(seen[0].context == nil && seen[1].context == mark)
    #expect(seen[0].body == 3 && seen[1].body == 1)
    #expect(!seen[0].isSubmitted && !seen[1].isSubmitted)
  }

  @Test func `large buffers are given back when their stream ends, small ones kept`() throws {
    let pair = SessionPair()
    pair.serve = { session, stream in
      session.credit(stream)
      guard stream.isEndReceived && !stream.isHeadSubmitted else { return }
      session.append(to: stream, bytes: [UInt8](repeating: 1, count: stream.inboundCount))
      session.finish(stream, trailers: trailers)
      session.respond(stream, head: head)
    }
    _ = pair.request(body: [UInt8](repeating: 2, count: 3 << 20))
    try pair.run()
    #expect(pair.server.bufferBytes == 0)
    // The client read as it came, through a buffer small enough to keep.
    #expect(pair.client.bufferBytes <= 64 << 10)
    _ = pair.request(body: [UInt8](repeating: 2, count: 1 << 10))
    try pair.run()
    #expect((2_048...131_072).contains(pair.server.bufferBytes))
  }

  @Test func `closing all streams makes those ready whose end is waited for, and frees the rest`()
    throws
  {
    let pair = SessionPair()
    var taken: [Int32] = []
    pair.serve = { _, stream in
      stream.reportsClose = stream.id == 3
      taken.append(stream.id)
    }
    for _ in 0..<3 { _ = pair.request(isOpen: true) }
    try pair.run()
    #expect(taken == [1, 3, 5])
    pair.server.closeAllStreams(.cancel)
    #expect(pair.server.liveStreams == 1)
    var closed: [(Int32, ErrorCode?)] = []
    pair.server.actOnReady { closed.append(($0.id, $0.closeCode)) }
    #expect(closed.count == 1 && closed[0].0 == 3 && closed[0].1 == .cancel)
    #expect(pair.server.liveStreams == 0)
    pair.server.forEachLiveStream { Issue.record("stream \($0.id) is still there") }
  }

  @Test func `a reset stream is reported once to who asked for it`() throws {
    let pair = SessionPair()
    var closes: [ErrorCode] = []
    pair.serve = { _, stream in
      stream.reportsClose = true
      if let code = stream.closeCode { closes.append(code) }
    }
    let stream = try #require(pair.request(isOpen: true))
    try pair.run()
    pair.client.reset(stream, .cancel)
    try pair.run()
    #expect(closes == [.cancel])
    #expect(pair.server.liveStreams == 0 && pair.client.liveStreams == 0)
  }

  @Test func `twenty thousand rejected calls with bodies leave the connection window intact`()
    throws
  {
    // 20,000 bodies of 1,000 bytes are three hundred windows of the connection.
    var configuration = SessionConfiguration()
    configuration.connectionWindowBytes = 65_535
    let pair = SessionPair(server: configuration)
    pair.serve = { session, stream in
      // Rejected on its head; what has come of the body is left where it is.
      guard !stream.isHeadSubmitted else { return }
      session.respondOnly(stream, head: HeaderList(text: [":status": "415"]))
    }
    let body = [UInt8](repeating: 3, count: 1_000)
    for _ in 0..<20_000 {
      _ = try #require(pair.request(body: body))
      try pair.run()
    }
    #expect(pair.answers.exchanges.count == 20_000)
    #expect(pair.answers.exchanges.values.allSatisfy { $0.head[":status"] == "415" })
    // What is left is enough for a whole window at once.
    var received = 0
    pair.serve = { _, stream in received = stream.inboundCount }
    _ = try #require(pair.request(body: [UInt8](repeating: 3, count: 65_535)))
    try pair.run()
    #expect(received > 65_535 / 2)
    #expect(pair.server.recordCount == 1)
  }

  @Test func `a stream reset with bytes that nobody took gives its window back to the connection`()
    throws
  {
    var configuration = SessionConfiguration()
    configuration.connectionWindowBytes = 65_535
    let pair = SessionPair(server: configuration)
    var received = 0
    pair.serve = { _, stream in received = max(received, stream.inboundCount) }
    for _ in 0..<5 {
      let stream = try #require(pair.request(body: [UInt8](repeating: 3, count: 65_535)))
      received = 0
      try pair.run()
      #expect(received == 65_535)
      pair.client.reset(stream, .cancel)
      try pair.run()
    }
  }
}
