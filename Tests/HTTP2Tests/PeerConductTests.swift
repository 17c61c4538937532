import TestSupport
import Testing

@testable import HTTP2

@Suite struct PeerConductTests {
  /// Ten control frames, one of which is the SETTINGS of the greeting.
  private static func tenFrames(_ configuration: inout SessionConfiguration) {
    configuration.controlFrameBurst = 10
    configuration.controlFramesPerSecond = 2
    configuration.pingIntervalMinNanoseconds = 0
  }

  private static let open = Frame.headers(stream: 1, request)

  @Test(arguments: [
    ("PING", Frame.ping()),
    (
      "answers to PINGs that were not sent",
      Frame.bytes(type: 6, flags: 1, [UInt8](repeating: 0, count: 8))
    ),
    ("SETTINGS", Frame.settings()), ("unknown types", Frame.bytes(type: 0xfa, [1, 2])),
    ("PRIORITY", Frame.bytes(type: 0x2, stream: 1, [0, 0, 0, 0, 1])),
    ("GOAWAY", Frame.goAway(lastStream: 0, code: 0)),
    ("window of one byte", Frame.windowUpdate(stream: 0, 1)),
    ("empty DATA", Frame.data(stream: 1, [])),
    ("DATA of no more than a padding of 0", Frame.bytes(type: 0x0, flags: 0x8, stream: 1, [0])),
  ])
  func `frames without a call are borne up to the burst, and then at the rate`(
    name: String, frame: [UInt8]
  ) throws {
    let target = try Target(Self.tenFrames)
    // HEADERS earn one frame; there is no room for it.
    try target.send(Self.open)
    #expect(try target.endures { _ in frame } == 10)
    #expect(target.hasEnded(at: .controlFrames))

    let patient = try Target(Self.tenFrames)
    try patient.send(Self.open)
    for _ in 0..<9 { try patient.send(frame) }
    for _ in 0..<100 {
      patient.now += second
      try patient.send(frame + frame)
    }
    #expect(patient.error == nil)
  }

  @Test func `the highest stream ids there are, even ones too, trap nothing`() throws {
    for ids: [UInt32] in [[0x7fff_fffe, 0x7fff_ffff], [0x7fff_fffd, 0x7fff_ffff], [0x7fff_ffff]] {
      let target = try Target()
      try target.send(ids.flatMap { Frame.headers(stream: $0, request) })
      try target.send(Frame.ping())
    }
  }

  @Test func `calls and their bodies are no control frames, and pay for some`() throws {
    let target = try Target(Self.tenFrames)
    let endured = try target.endures { count in
      let id = UInt32(2 * count + 1)
      return Frame.headers(stream: id, request) + Frame.data(stream: id, [1])
        + Frame.data(stream: id, [], endStream: true)
        + Frame.resetStream(stream: id, code: 8)
    }
    #expect(endured == nil)
    // A WINDOW_UPDATE and a PING with each call, as clients that measure bandwidth send them.
    let measuring = try Target(Self.tenFrames)
    let calls = try measuring.endures { count in
      let id = UInt32(2 * count + 1)
      return Frame.headers(stream: id, request) + Frame.data(stream: id, [1], endStream: true)
        + Frame.windowUpdate(stream: 0, 100) + Frame.ping()
        + Frame.resetStream(stream: id, code: 8)
    }
    #expect(calls == nil)
  }

  @Test func `trailers cost nothing, once for each stream`() throws {
    let target = try Target(Self.tenFrames)
    let endured = try target.endures { count in
      let id = UInt32(2 * count + 1)
      return Frame.headers(stream: id, request)
        + Frame.bytes(type: 0x1, flags: 0x5, stream: id, Frame.hpack(["t": "1"]))
        + Frame.resetStream(stream: id, code: 8)
    }
    #expect(endured == nil)
    // More of them, on a stream that is closed: libnghttp2 ignores those.
    #expect(
      try target.endures { _ in
        Frame.bytes(type: 0x1, flags: 0x5, stream: 1, Frame.hpack(["t": "1"]))
      } != nil)
    #expect(target.hasEnded(at: .controlFrames))
  }

  @Test func `streams reset up to the burst are borne, and then at the rate`() throws {
    func reset(_ count: Int) -> [UInt8] {
      let id = UInt32(2 * count + 1)
      return Frame.headers(stream: id, request) + Frame.resetStream(stream: id, code: 8)
    }
    let target = try Target {
      $0.streamResetBurst = 10
      $0.streamResetsPerSecond = 2
    }
    #expect(try target.endures(reset) == 10)
    #expect(target.hasEnded(at: .streamResets))

    let patient = try Target {
      $0.streamResetBurst = 10
      $0.streamResetsPerSecond = 2
    }
    for count in 0..<200 {
      patient.now += second / 2
      try patient.send(reset(count))
    }
    #expect(patient.error == nil)
  }

  @Test func `streams whose window is made to overflow are borne up to the burst`() throws {
    let target = try Target { $0.faultBurst = 10 }
    let endured = try target.endures { count in
      let id = UInt32(2 * count + 1)
      return Frame.headers(stream: id, request) + Frame.windowUpdate(stream: id, 0x7fff_ffff)
    }
    // A fault is counted when its RST_STREAM is sent, and judged with what comes next.
    #expect(endured == 11)
    #expect(target.hasEnded(at: .faults))
  }

  @Test func `bodies that are not as long as they say are borne up to the burst`() throws {
    let target = try Target { $0.faultBurst = 10 }
    let head: KeyValuePairs = [
      ":method": "POST", ":scheme": "http", ":path": "/", ":authority": "t",
      "content-length": "5",
    ]
    let endured = try target.endures { count in
      let id = UInt32(2 * count + 1)
      return Frame.headers(stream: id, head) + Frame.data(stream: id, [1], endStream: true)
    }
    #expect(endured == 11)
    #expect(target.hasEnded(at: .faults))
  }

  @Test func `requests that HTTP does not allow are faults`() throws {
    let target = try Target { $0.faultBurst = 10 }
    let endured = try target.endures { count in
      Frame.headers(stream: UInt32(2 * count + 1), [":method": "POST", ":path": "/"])
    }
    #expect(endured == 11)
    #expect(target.hasEnded(at: .faults))
  }

  @Test func `streams refused for being too many are no faults, up to as many as control frames`()
    throws
  {
    let target = try Target {
      $0.streamsMax = 1
      $0.faultBurst = 1
      $0.controlFrameBurst = 5_000
    }
    // SETTINGS are not acknowledged, so the client may not know.
    let endured = try target.endures(
      { count in Frame.headers(stream: UInt32(2 * count + 1), request, endStream: true) },
      most: 20_000)
    #expect((5_000...5_003).contains(try #require(endured)))
    #expect(target.session.liveStreams == 1 && target.session.refusedStreams >= 5_000)
    #expect(target.hasEnded(at: .controlFrames))
  }

  @Test func `our own resets are no faults`() throws {
    let target = try Target { $0.faultBurst = 1 }
    for code in [ErrorCode.cancel, .enhanceYourCalm, .noError] {
      for _ in 0..<5 {
        let id = target.session.lastStream + (target.session.lastStream == 0 ? 1 : 2)
        try target.send(Frame.headers(stream: UInt32(id), request))
        target.session.reset(try #require(target.session.stream(id)), code)
        try target.send(Frame.ping())
        target.now += 10 * second
      }
    }
    #expect(target.error == nil)
  }

  @Test func `fields that are dropped cost as much as control frames`() throws {
    let target = try Target(Self.tenFrames)
    let block = Frame.hpack(request) + Frame.hpack(["x": "a\u{1}b", "y": " z", "w": "\u{7}"])
    let endured = try target.endures { count in
      Frame.bytes(type: 0x1, flags: 0x5, stream: UInt32(2 * count + 1), block)
    }
    #expect(endured != nil)
    #expect(target.hasEnded(at: .controlFrames))
  }

  @Test func `PINGs sooner than the interval end the session with too_many_pings`() throws {
    let target = try Target()
    // The first, and two strikes.
    #expect(try target.endures { _ in Frame.ping() } == 3)
    #expect(target.hasEnded(at: .pings))
    #expect(target.sent.goAways.last?.debugText == "too_many_pings")

    let patient = try Target()
    for _ in 0..<100 {
      patient.now += 5 * second
      try patient.send(Frame.ping())
    }
    #expect(patient.error == nil)
  }

  @Test func `SETTINGS of as many entries as allowed are taken, and one more ends it`() throws {
    for (count, isTaken) in [(32, true), (33, false)] {
      let target = try Target()
      let entries = [(UInt16, UInt32)](repeating: (0x3, 100), count: count)
      try target.send(Frame.settings(entries))
      #expect((target.error == nil) == isTaken)
      #expect(target.hasEnded(at: .settingsEntries) == !isTaken)
    }
  }

  @Test func `CONTINUATIONs up to the limit are taken, and one more ends the session`() throws {
    func block(_ continuations: Int) -> [UInt8] {
      Frame.bytes(type: 0x1, flags: Frame.endStream, stream: 1, Frame.hpack(request))
        + (1..<continuations).flatMap { _ in Frame.continuation(stream: 1, []) }
        + Frame.continuation(stream: 1, [], endHeaders: true)
    }
    for (count, isTaken) in [(8, true), (9, false)] {
      let target = try Target { $0.continuationsMax = 8 }
      try target.send(block(count))
      #expect((target.session.stream(1)?.isHeadReceived == true) == isTaken)
      #expect(target.hasEnded(at: .continuations) == !isTaken)
    }
  }

  @Test func `CONTINUATIONs that come byte by byte count once each`() throws {
    let target = try Target { $0.continuationsMax = 8 }
    try target.send(
      Frame.bytes(type: 0x1, flags: Frame.endStream, stream: 1, Frame.hpack(request)))
    for index in 1...8 {
      for byte in Frame.continuation(stream: 1, [], endHeaders: index == 8) {
        try target.send([byte])
      }
    }
    #expect(target.error == nil && target.session.stream(1)?.isHeadReceived == true)
  }

  @Test func `HEADERS on a stream that was passed over end the session with PROTOCOL_ERROR`()
    throws
  {
    for skipped: UInt32 in [1, 3, 7] {
      let target = try Target()
      try target.send(Frame.headers(stream: 5, request) + Frame.headers(stream: 9, request))
      try target.send(Frame.headers(stream: skipped, request))
      #expect(target.error == .protocolViolation)
      #expect(target.sent.goAways.last?.code == ErrorCode.protocolError.rawValue)
    }
  }

  @Test func `late trailers of a stream that we have ended are no violation`() throws {
    let target = try Target()
    try target.send(Frame.headers(stream: 1, request) + Frame.headers(stream: 3, request))
    target.session.reset(try #require(target.session.stream(1)), .cancel)
    _ = try target.session.pullAll()
    try target.send(Frame.bytes(type: 0x1, flags: 0x5, stream: 1, Frame.hpack(["t": "1"])))
    #expect(target.error == nil && target.sent.goAways.isEmpty)
  }

  @Test func `what a client makes us say while it does not read is bounded`() throws {
    var configuration = SessionConfiguration()
    configuration.streamsMax = 1
    configuration.outboundAcksMax = 10
    let session = Session(role: .server, configuration: configuration)
    try session.receive(Frame.clientHello)
    var refused = 0
    var error: SessionError?
    // Each refusal waits to be sent, and nothing is pulled.
    while error == nil && refused < 100_000 {
      do throws(SessionError) {
        try session.receive(
          Frame.headers(stream: UInt32(2 * refused + 1), request, endStream: true))
        refused += 1
      } catch let reached {
        error = reached
      }
    }
    #expect(error == .limitReached(.outboundAcks))
    #expect(refused < 5_000)
  }

  @Test func `a client may have as many calls waiting as it likes`() throws {
    var configuration = SessionConfiguration()
    configuration.streamsMax = 1
    configuration.outboundAcksMax = 1
    let pair = SessionPair(client: configuration, server: configuration)
    try pair.run()
    for _ in 0..<10_000 { _ = pair.request() }
    try pair.run()
    #expect(pair.client.liveStreams == 10_000 && pair.client.goAway == nil)
  }

  @Test func `streams no longer used keep no more memory than is allowed together`() throws {
    let target = try Target { $0.recycledBuffersMaxBytes = 100_000 }
    let ids = (0..<50).map { UInt32(2 * $0 + 1) }
    for id in ids {
      try target.send(
        Frame.headers(stream: id, request)
          + Frame.data(stream: id, [UInt8](repeating: 1, count: 16_000)))
    }
    for id in ids { try target.send(Frame.resetStream(stream: id, code: 8)) }
    #expect(target.session.liveStreams == 0)
    // The one that reached it may be over by its own buffers.
    #expect(target.session.core.pointee.recycledBytes < 100_000 + 70_000)
    #expect(target.session.core.pointee.recycledBytes > 0)
  }
}
